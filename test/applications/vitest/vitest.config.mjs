import { defineConfig } from 'vitest/config';

const common = { testTimeout: 30_000, hookTimeout: 30_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'forks', pool: 'forks', include: ['*.vitest.mjs'] } },
      { test: { ...common, name: 'threads', pool: 'threads', include: ['later-turn.vitest.mjs'] } },
    ],
  },
});
