import { spawnSync } from 'node:child_process';
import { systemProgram } from '../support/system-program.js';

const IMPORTS = 'import django, redis, django_redis';

/**
 * The path of a Python with Django, redis-py and django-redis. The first Python on the PATH may be one without them,
 * such as that of a version manager.
 */
export const djangoPython = (): string =>
  systemProgram({
    names: ['python3'],
    packages: ['python3-django', 'python3-redis', 'python3-django-redis'],
    need: `The Django tests need a python3 that can ${IMPORTS}, be it in a virtual environment`,
    isFit: (path) => spawnSync(path, ['-c', IMPORTS]).status === 0,
  });
