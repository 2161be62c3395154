import '@swc-node/register/esm-register';

export default async () => (await import('./provide-chromium.ts')).default();
