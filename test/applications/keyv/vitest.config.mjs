import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['*.keyv.mjs'], testTimeout: 30_000, hookTimeout: 30_000 } });
