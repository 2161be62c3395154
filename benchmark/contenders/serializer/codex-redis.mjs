import { JsonSerializer } from '../../../dist/index.js';

export const open = () => {
  const serializer = new JsonSerializer();
  return { dumps: (value) => serializer.dumps(value) };
};
