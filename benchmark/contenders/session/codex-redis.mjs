import { CodexRedisModule, Session, SkipSession } from '../../../dist/index.js';
import { serve } from './application.mjs';

/** This module. */
export const open = ({ url, platform }) => {
  const module = CodexRedisModule.forRoot({
    url,
    projectName: 'shop',
    secretKey: 'x'.repeat(32),
    session: {},
  });
  return serve({ platform, session: Session(), skip: SkipSession(), imports: [module] });
};
