import { randomUUID } from 'node:crypto';
import { CacheCoder, Decimal, Temporal } from '../../lib/cache-coder/index.js';
import type { CacheService } from '../../lib/index.js';
import { BothSides } from './both-sides.js';

interface Form {
  /** What Python makes of it and writes. */
  readonly form: string;
  readonly text: string;
  /** What Python shows of the value it read. */
  readonly shown: string;
  readonly value: unknown;
  readonly load: (stored: unknown) => unknown;
  readonly dumped: unknown;
}

const MOMENT = new Date('2023-11-14T22:13:20.123Z');
const UUID = '12345678-1234-5678-1234-567812345678';

const FORMS: readonly Form[] = [
  {
    form: 'datetime',
    text: '2023-11-14T22:13:20.123000+00:00',
    shown: 'datetime.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=datetime.timezone.utc)',
    value: MOMENT,
    load: (stored) => CacheCoder.loadDatetime(stored),
    dumped: CacheCoder.dumpDatetime(MOMENT),
  },
  {
    form: 'date',
    text: '2023-11-14',
    shown: 'datetime.date(2023, 11, 14)',
    value: Temporal.PlainDate.from('2023-11-14'),
    load: (stored) => CacheCoder.loadDate(stored),
    dumped: CacheCoder.dumpDate(Temporal.PlainDate.from('2023-11-14')),
  },
  {
    form: 'time',
    text: '22:13:20.123456',
    shown: 'datetime.time(22, 13, 20, 123456)',
    value: Temporal.PlainTime.from('22:13:20.123456'),
    load: (stored) => CacheCoder.loadTime(stored),
    dumped: CacheCoder.dumpTime(Temporal.PlainTime.from('22:13:20.123456')),
  },
  {
    form: 'bytes',
    text: '00 ff',
    shown: "b'\\x00\\xff'",
    value: Buffer.from([0, 255]),
    load: (stored) => CacheCoder.loadBytes(stored),
    dumped: CacheCoder.dumpBytes(Buffer.from([0, 255])),
  },
  {
    form: 'decimal',
    text: '12.50',
    shown: "Decimal('12.5')",
    value: new Decimal('12.5'),
    load: (stored) => CacheCoder.loadDecimal(stored),
    dumped: CacheCoder.dumpDecimal(new Decimal('12.50')),
  },
  {
    form: 'uuid',
    text: UUID,
    shown: `UUID('${UUID}')`,
    value: UUID,
    load: (stored) => CacheCoder.loadUuid(stored),
    dumped: CacheCoder.dumpUuid(UUID),
  },
];

describe('values that JSON lacks, shared with Django as text', () => {
  let sides: BothSides;
  let cache: CacheService;

  beforeAll(async () => {
    sides = await BothSides.start();
    ({ cache } = await sides.startNest());
  }, 60_000);

  afterAll(() => sides.stop());

  it.each(FORMS)('a $form of Django is read by CacheCoder', async ({ form, text, value, load }) => {
    const key = randomUUID();
    await sides.visitor().does(sides.django, 'cache/store', { form, key, text });
    expect(String(load(await cache.get(key)))).toBe(String(value));
  });

  it.each(FORMS)('a $form of CacheCoder is read by Django', async ({ form, dumped, shown }) => {
    const key = randomUUID();
    await cache.set(key, dumped);
    expect(await sides.visitor().does(sides.django, 'cache/load', { form, key })).toBe(shown);
  });
});
