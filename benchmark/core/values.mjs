/** Texts that a JSON serializer has to look at, none of them repeated so that nothing compresses by chance. */
const text = (length, seed) => {
  let result = '';
  for (let i = 0; result.length < length; i += 1) result += (seed * 7919 + i * 104729).toString(36);
  return result.slice(0, length);
};

const line = (i) => ({
  id: i,
  sku: `SKU-${1000 + i}`,
  title: text(40, i),
  price: 1999 + i,
  discount: i % 3 === 0 ? null : 0.15,
  inStock: i % 2 === 0,
  tags: ['new', 'sale', text(8, i)],
  size: { width: 10 + i, height: 20 + i, unit: 'cm' },
});

const order = (lines) => ({
  id: 4711,
  customer: { id: 42, name: 'Ada Lovelace', email: 'ada@example.com', newsletter: false },
  lines: Array.from({ length: lines }, (_, i) => line(i)),
});

/** By their length as JSON: 100 B flat, 2 KB and 64 KB nested. */
export const VALUES = {
  small: {
    id: 42,
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    role: 'admin',
    visits: 7,
    vip: true,
    n: 1,
  },
  medium: order(10),
  large: order(324),
};

/** The same data in objects of many shapes, none of which a compiler can get used to. */
export const VARIED = Array.from({ length: 60 }, (_, i) => {
  const entries = Object.entries(line(i));
  const turned = [...entries.slice(i % entries.length), ...entries.slice(0, i % entries.length)];
  return Object.fromEntries([
    ...turned,
    [`own${i}`, { [`field${i}`]: i, nested: { [`deep${i}`]: [i, `${i}`] } }],
  ]);
});
