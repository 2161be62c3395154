import { CodexRedisModule, Session } from '../../../dist/index.js';
import { serve } from './application.mjs';

/** This module. */
export const open = ({ url, platform }) => {
  const module = CodexRedisModule.forRoot({
    url,
    projectName: 'shop',
    secretKey: 'x'.repeat(32),
    session: { exclude: ['health'] },
  });
  return serve({ platform, session: Session(), imports: [module] });
};
