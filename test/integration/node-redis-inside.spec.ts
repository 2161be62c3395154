import type { Socket } from 'node:net';
import { clientTemplate } from '../../lib/store/redis/connection/client-template.js';
import { dial, type DialledClient } from '../../lib/store/redis/connection/dial.js';

/** The internals of node-redis that the module relies on: a version that changes them fails here first, and says what has to be built again. */
describe('what node-redis does inside', () => {
  let dialled: DialledClient;

  beforeEach(async () => {
    const template = clientTemplate({ url: process.env['TEST_REDIS_URL']! }, 'url');
    dialled = await dial(template, 5000)(new AbortController().signal);
  });

  afterEach(() => dialled.client.destroy());

  it('makes its socket while connect() is called, so that the bytes on it can be counted', () => {
    const { port } = new URL(process.env['TEST_REDIS_URL']!);

    expect(dialled.socket?.remotePort).toBe(Number(port));
  });

  it('corks its socket for the commands of one turn, so that their writes can be joined', async () => {
    const written: number[] = [];
    const socket = dialled.socket as Socket & {
      _write: (chunk: unknown, ...rest: unknown[]) => void;
      _writev: (chunks: readonly unknown[], ...rest: unknown[]) => void;
    };
    const [write, writev] = [socket._write.bind(socket), socket._writev.bind(socket)];
    socket._write = (chunk, ...rest) => {
      written.push(1);
      write(chunk, ...rest);
    };
    socket._writev = (chunks, ...rest) => {
      written.push(chunks.length);
      writev(chunks, ...rest);
    };
    await Promise.all(Array.from({ length: 100 }, () => dialled.client.sendCommand(['PING'])));

    expect(written).toEqual([1]);
  });

  it('lets go of the signal of a command when it writes the command, so that reads can be shared until then', async () => {
    const { signal } = new AbortController();
    const steps: string[] = [];
    const letGo = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...args: Parameters<AbortSignal['removeEventListener']>): void => {
      steps.push('let go');
      letGo(...args);
    };
    const write = dialled.socket!.write.bind(dialled.socket) as (chunk: unknown) => boolean;
    dialled.socket!.write = (chunk: unknown): boolean => {
      steps.push('write');
      return write(chunk);
    };
    await dialled.client.sendCommand(['PING'], { abortSignal: signal });

    expect(steps.slice(0, 2)).toEqual(['let go', 'write']);
    expect(steps.filter((step) => step === 'let go')).toHaveLength(1);
  });

  it('neither reconnects nor keeps commands by itself once it has lost its connection', async () => {
    dialled.client.on('error', () => undefined);
    const ended = new Promise((resolve) => dialled.socket!.once('close', resolve));
    dialled.socket!.destroy();
    await ended;

    await expect(dialled.client.sendCommand(['PING'])).rejects.toThrow();
    expect(dialled.client.isReady).toBe(false);
  });
});
