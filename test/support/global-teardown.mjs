import '@swc-node/register/esm-register';

export default async () => (await import('./withdraw-redis.ts')).default();
