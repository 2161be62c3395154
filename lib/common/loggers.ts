import { Logger } from '@nestjs/common';

/** The loggers of the module. Their names are texts, since a minified class has another name. */
export const moduleLogger = new Logger('CodexRedisModule');
export const cacheLogger = new Logger('CodexRedisCache');
export const sessionLogger = new Logger('CodexRedisSession');
export const throttlerLogger = new Logger('CodexRedisThrottlerStorage');
