import { jest } from '@jest/globals';
import { Watchdog } from '../../../../../lib/store/redis/connection/watchdog.js';

const DEADLINE_MS = 1000;
const TICK_MS = DEADLINE_MS / 10;

describe('the watchdog', () => {
  let moved: boolean;
  let overdue: number;
  let watchdog: Watchdog;

  beforeEach(() => {
    jest.useFakeTimers();
    moved = false;
    overdue = 0;
    watchdog = new Watchdog({ deadlineMs: DEADLINE_MS, hasMoved: () => moved, onOverdue: () => overdue++ });
  });

  afterEach(() => {
    watchdog.stop();
    jest.useRealTimers();
  });

  const issue = (count: number): void => {
    for (let i = 0; i < count; i++) watchdog.issue();
  };

  const settle = (count: number): void => {
    for (let i = 0; i < count; i++) watchdog.settle();
  };

  it.each([0, 1, 50, 99])('notices a command sent %i ms after another in time, and not before', (lateMs) => {
    issue(1);
    jest.advanceTimersByTime(TICK_MS * 3 + lateMs);
    settle(1);
    issue(1);
    jest.advanceTimersByTime(DEADLINE_MS - 1);
    expect(overdue).toBe(0);
    jest.advanceTimersByTime(TICK_MS * 2);
    expect(overdue).toBe(1);
  });

  it('is silent while every command is answered in time, however many are in flight', () => {
    issue(100);
    for (let round = 0; round < 100; round++) {
      jest.advanceTimersByTime(DEADLINE_MS * 0.9);
      issue(100);
      settle(100);
    }

    expect(overdue).toBe(0);
  });

  it('notices one old command behind many that are answered', () => {
    issue(1000);
    for (let round = 0; round < 13 && overdue === 0; round++) {
      jest.advanceTimersByTime(TICK_MS);
      settle(10);
    }

    expect(overdue).toBe(1);
  });

  it('does not count the time in which one long reply is arriving', () => {
    issue(2);
    for (let round = 0; round < 50; round++) {
      moved = true;
      jest.advanceTimersByTime(TICK_MS);
    }
    expect(overdue).toBe(0);
    moved = false;
    jest.advanceTimersByTime(DEADLINE_MS + TICK_MS * 2);
    expect(overdue).toBe(1);
  });

  it('does not count the time between the bursts in which it arrives', () => {
    issue(2);
    for (let round = 0; round < 50; round++) {
      moved = round % 5 === 4;
      jest.advanceTimersByTime(TICK_MS);
    }
    expect(overdue).toBe(0);
    moved = false;
    jest.advanceTimersByTime(DEADLINE_MS - TICK_MS);
    expect(overdue).toBe(0);
    jest.advanceTimersByTime(TICK_MS * 3);
    expect(overdue).toBe(1);
  });

  it('counts short replies to others also where long ones arrive between them', () => {
    issue(1000);
    for (let round = 0; round < 26; round++) {
      moved = true;
      if (round % 2 === 0) settle(1);
      jest.advanceTimersByTime(TICK_MS);
    }

    expect(overdue).toBe(1);
  });

  it('counts the time in which short replies to others are arriving', () => {
    issue(1000);
    for (let round = 0; round < 13; round++) {
      moved = true;
      settle(1);
      jest.advanceTimersByTime(TICK_MS);
    }

    expect(overdue).toBe(1);
  });

  it('looks only after sockets were read, for an answer may have come while the event loop was blocked', () => {
    issue(1);
    // What a socket would do in the poll phase after the timers of the last tick.
    setTimeout(() => setImmediate(() => settle(1)), DEADLINE_MS + TICK_MS);
    jest.advanceTimersByTime(DEADLINE_MS + TICK_MS * 3);

    expect(overdue).toBe(0);
  });

  it('keeps no timer when nothing is in flight, and starts again with the next command', () => {
    issue(1);
    settle(1);
    jest.advanceTimersByTime(TICK_MS * 2);
    expect(jest.getTimerCount()).toBe(0);
    issue(1);
    jest.advanceTimersByTime(DEADLINE_MS + TICK_MS * 2);

    expect(overdue).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is idle when nothing is in flight, or when something is overdue', async () => {
    await watchdog.idle();
    issue(2);
    let idle = 0;
    const waiting = watchdog.idle().then(() => idle++);
    settle(1);
    await Promise.resolve();
    expect(idle).toBe(0);
    jest.advanceTimersByTime(DEADLINE_MS + TICK_MS * 2);
    await waiting;

    expect(overdue).toBe(1);
    await watchdog.idle();
  });
});
