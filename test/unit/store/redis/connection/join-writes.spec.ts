import { once } from 'node:events';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { joinWrites } from '../../../../../lib/store/redis/connection/join-writes.js';

const HIGH_WATER_MARK = 16;

interface Recording {
  readonly stream: Writable;
  /** What reached the sink, one item for each write. */
  readonly written: string[];
}

const recording = (): Recording => {
  const written: string[] = [];
  const stream = new Writable({
    highWaterMark: HIGH_WATER_MARK,
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      written.push(...chunks.map(({ chunk }: { chunk: string | Buffer }) => chunk.toString()));
      done();
    },
  });
  return { stream, written };
};

const joining = (): Recording => {
  const made = recording();
  joinWrites(made.stream);
  return made;
};

const ended = async ({ stream, written }: Recording): Promise<string[]> => {
  stream.end();
  await once(stream, 'finish');
  return written;
};

describe('joinWrites', () => {
  it('makes one write of what is written while the stream is corked', async () => {
    const made = joining();
    made.stream.cork();
    for (const text of ['a', 'b', 'c']) made.stream.write(text);
    expect(made.written).toEqual([]);
    made.stream.uncork();
    made.stream.cork();
    made.stream.write('d');
    made.stream.uncork();
    expect(await ended(made)).toEqual(['abc', 'd']);
  });

  it('writes at once what is written without a cork', () => {
    const { stream, written } = joining();
    stream.write('a');
    stream.write('b');
    expect(written).toEqual(['a', 'b']);
  });

  it('hands on what reaches the high-water mark, so that the stream asks to wait', () => {
    const { stream } = joining();
    stream.cork();
    expect(stream.write('x'.repeat(HIGH_WATER_MARK - 1))).toBe(true);
    expect(stream.writableNeedDrain).toBe(false);
    expect(stream.write('x')).toBe(false);
    expect(stream.writableNeedDrain).toBe(true);
  });

  it('keeps the place of buffers, and of writes with an encoding or a callback', async () => {
    const made = joining();
    const called: string[] = [];
    made.stream.cork();
    made.stream.write('a');
    made.stream.write(Buffer.from('b'));
    made.stream.write('c');
    made.stream.write('ZA==', 'base64');
    made.stream.write('e');
    made.stream.write('f', () => called.push('f'));
    made.stream.write('g');
    made.stream.uncork();
    expect(await ended(made)).toEqual(['a', 'b', 'c', 'ZA==', 'e', 'f', 'g']);
    expect(called).toEqual(['f']);
  });

  const step = fc.oneof(
    fc.record({ write: fc.string({ maxLength: 12 }) }),
    fc.record({ write: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) }),
    fc.constantFrom('cork' as const, 'uncork' as const),
  );

  it('lets through what an ordinary stream does, whatever is done with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [plain, joined] = [recording(), joining()];
        for (const { stream } of [plain, joined])
          for (const one of steps)
            if (typeof one === 'string') stream[one]();
            else stream.write(one.write);
        expect((await ended(joined)).join('')).toBe((await ended(plain)).join(''));
      }),
    );
  });
});
