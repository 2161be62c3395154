import { SharedReads, type WriteNotice } from '../../../../../lib/store/redis/connection/shared-reads.js';

const listener = (): void => undefined;

describe('SharedReads', () => {
  let reads: SharedReads;
  let sent: { key: string; isWritten: () => void }[];

  beforeEach(() => {
    reads = new SharedReads();
    sent = [];
  });

  const read = (key: string): Promise<string> =>
    reads.read(key, ({ abortSignal }: WriteNotice) => {
      abortSignal.addEventListener('abort', listener);
      sent.push({ key, isWritten: () => abortSignal.removeEventListener('abort', listener) });
      return Promise.resolve(`${key}${sent.length}`);
    });

  it('sends one for all who ask for a key before it is written', async () => {
    expect(await Promise.all([read('a'), read('b'), read('a')])).toEqual(['a1', 'b2', 'a1']);
  });

  it('sends another one when it is written', async () => {
    const first = read('a');
    sent[0]!.isWritten();
    expect(await Promise.all([first, read('a'), read('a')])).toEqual(['a1', 'a2', 'a2']);
  });

  it('sends another one when one for another key is written', async () => {
    const both = [read('a'), read('b')];
    sent[0]!.isWritten();
    expect(await Promise.all([...both, read('b')])).toEqual(['a1', 'b2', 'b3']);
  });

  it('sends another one when the client has not taken the first', async () => {
    const failing = reads.read('a', () => Promise.reject(new Error('closed')));
    await expect(failing).rejects.toThrow('closed');
    expect(await read('a')).toBe('a1');
  });

  it('sends another one after the reads were forgotten', async () => {
    const first = read('a');
    reads.forget();
    expect(await Promise.all([first, read('a')])).toEqual(['a1', 'a2']);
  });

  it.each([
    ['names the key', ['SET', 'a', 'x'], 2],
    ['may be about the next command', ['ASKING'], 2],
    ['is about another key', ['SET', 'b', 'x'], 1],
  ])('sends another one after a command that %s: %j, %i GETs', async (_, args, gets) => {
    const first = read('a');
    reads.sendAfter(args);
    await Promise.all([first, read('a')]);
    expect(sent).toHaveLength(gets);
  });
});
