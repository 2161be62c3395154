import '@swc-node/register/esm-register';

export default async () => (await import('./provide-redis.ts')).default();
