import { defaultSerialize } from '@keyv/serialize';

/** What cache-manager serialises with. */
export const open = () => ({ dumps: defaultSerialize });
