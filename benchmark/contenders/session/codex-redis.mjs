import { CodexRedisModule, Session } from '../../../dist/index.js';
import { serve } from './application.mjs';

/** This module, with further options of its sessions. */
export const open = ({ url, platform, session = {} }) => {
  const module = CodexRedisModule.forRoot({
    url,
    projectName: 'shop',
    secretKey: 'x'.repeat(32),
    session: { exclude: ['health'], ...session },
  });
  return serve({ platform, session: Session(), imports: [module] });
};
