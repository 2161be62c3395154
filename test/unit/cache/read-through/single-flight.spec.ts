import { HIT } from '../../../../lib/cache/observing/reading.js';
import { type Flight, flightsOn, SingleFlight } from '../../../../lib/cache/read-through/single-flight.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';

/** What a flight for a key answers. */
const run = async (
  flights: SingleFlight,
  key: string,
  work: (flight: Flight) => Promise<string>,
): Promise<string | undefined> => {
  const { flight } = flights.board(key, async (boarded) => ({
    text: await work(boarded),
    reading: HIT,
  }));
  return (await flight.answer).text;
};

describe('SingleFlight', () => {
  it('gives all caches on a store the same runs, and each store its own', () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    expect(flightsOn(one)).toBe(flightsOn(one));
    expect(flightsOn(one)).not.toBe(flightsOn(other));
  });

  it('starts again once a run has ended, well or not', async () => {
    const flights = new SingleFlight();
    expect(await run(flights, 'k', () => Promise.resolve('1'))).toBe('1');
    await expect(run(flights, 'k', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await run(flights, 'k', () => Promise.resolve('2'))).toBe('2');
  });

  it('C87c lets a delete wait for a write that is on its way', async () => {
    const flights = new SingleFlight();
    let answer: (value: string) => void = () => undefined;
    const running = run(flights, 'k', (flight) =>
      flight.write(() => new Promise<string>((resolve) => (answer = resolve))),
    );
    const fenced = flights.fence('k');
    let waited = false;
    const waiting = fenced?.then(() => (waited = true));
    await Promise.resolve();
    expect(waited).toBe(false);
    answer('written');
    await waiting;
    expect(await running).toBe('written');
  });

  it('C87c lets every call that follows wait for it, so that they keep their order', async () => {
    const flights = new SingleFlight();
    let answer: (value: string) => void = () => undefined;
    const running = run(flights, 'k', (flight) =>
      flight.write(() => new Promise<string>((resolve) => (answer = resolve))),
    );
    const order: string[] = [];
    const waits = ['delete', 'set'].map(async (call) => {
      const late = flights.fence('k');
      expect(late).toBeInstanceOf(Promise);
      await late;
      order.push(call);
    });
    expect(flights.fence('other')).toBeUndefined();
    answer('written');
    await Promise.all(waits);
    expect(order).toEqual(['delete', 'set']);
    await running;
    expect(flights.fence('k')).toBeUndefined();
  });

  it('C87c a failed write does not fail the delete that waits for it', async () => {
    const flights = new SingleFlight();
    const running = run(flights, 'k', (flight) => flight.write(() => Promise.reject(new Error('away'))));
    const fenced = flights.fenceMany(['other', 'k']);
    await expect(running).rejects.toThrow('away');
    await expect(fenced).resolves.toBeUndefined();
  });

  it('C87c a write of one of many keys comes after the write of all of them', async () => {
    const flights = new SingleFlight();
    let answer: (value: string) => void = () => undefined;
    const running = run(flights, 'k', (flight) =>
      flight.write(() => new Promise<string>((resolve) => (answer = resolve))),
    );
    const many = flights.fenceMany(['other', 'k']);
    const order: string[] = [];
    const waiting = [
      many?.then(() => order.push('many')),
      flights.fence('other')?.then(() => order.push('one')),
      flights.fenceMany(['other', 'further'])?.then(() => order.push('many more')),
      flights.fence('further')?.then(() => order.push('one more')),
    ];
    answer('v');
    await Promise.all([running, ...waiting]);
    expect(order).toEqual(['many', 'one', 'many more', 'one more']);
    expect(flights.fence('further')).toBeUndefined();
  });

  it('C83 C87c the end of a fenced run does not end the one that followed it', async () => {
    const flights = new SingleFlight();
    const ends: ((value: string) => void)[] = [];
    const work = (): Promise<string> => new Promise((resolve) => ends.push(resolve));
    const fenced = run(flights, 'k', work);
    void flights.fence('k');
    const following = run(flights, 'k', work);
    ends[0]!('stale');
    expect(await fenced).toBe('stale');
    const joining = run(flights, 'k', work);
    ends[1]!('fresh');
    expect(await Promise.all([following, joining])).toEqual(['fresh', 'fresh']);
    expect(ends).toHaveLength(2);
  });

  it('costs nothing while nothing is in flight', () => {
    const flights = new SingleFlight();
    expect(flights.fence('k')).toBeUndefined();
    expect(flights.fenceMany(['k'])).toBeUndefined();
  });
});
