import { redisServerBinary } from '../support/find-redis.js';
import { djangoPython } from './django-python.js';

/** Finds or installs what the suites start, before several of them would install it at once. */
export default (): void => {
  djangoPython();
  redisServerBinary();
};
