import { setTimeout as pause } from 'node:timers/promises';
import { majorityAnswer } from '../../../../../lib/store/redis/sentinel/majority-answer.js';

const silence = new Promise<never>(() => undefined);
const failure = (): Promise<never> => Promise.reject(new Error('away'));

describe('the answers of most of several sources', () => {
  it('are there when more than half have answered, however long the others take', async () => {
    await expect(majorityAnswer([silence, Promise.resolve('a'), Promise.resolve('b')])).resolves.toBe('b');
  });

  it('are waited for a while when some are slow', async () => {
    await expect(majorityAnswer([Promise.resolve('a'), pause(20, 'b'), silence])).resolves.toBe('b');
  });

  it('are not waited for longer than that', async () => {
    await expect(majorityAnswer([silence, silence, Promise.resolve('a')])).resolves.toBe('a');
  });

  it('are those of the others when some fail', async () => {
    await expect(majorityAnswer([failure(), Promise.resolve('a'), failure()])).resolves.toBe('a');
  });

  it('are an error of all when all fail', async () => {
    await expect(majorityAnswer([failure(), failure()])).rejects.toMatchObject({
      errors: [{ message: 'away' }, { message: 'away' }],
    });
  });
});
