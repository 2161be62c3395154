import { createClient } from 'redis';

/**
 * Reads one key again and again over a connection of its own while `use` runs.
 *
 * @returns {Promise<{ result: any, latencies: number[] }>} latencies in milliseconds
 */
export const probeWhile = async (url, use) => {
  const client = createClient({ url, commandOptions: { timeout: 0 } }).on('error', () => {});
  await client.connect();
  await client.set('probe', 'x'.repeat(100));
  for (let i = 0; i < 500; i += 1) await client.get('probe');
  const latencies = [];
  let over = false;
  const probing = (async () => {
    while (!over) {
      const started = performance.now();
      await client.get('probe');
      latencies.push(performance.now() - started);
    }
  })();
  try {
    return { result: await use(), latencies };
  } finally {
    over = true;
    await probing;
    client.destroy();
  }
};
