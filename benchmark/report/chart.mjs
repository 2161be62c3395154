const WIDTH = 760;
const LABEL = 210;
const RIGHT = 60;
const BAR = 14;
const GAP = 4;
const GROUP_GAP = 22;
const TOP = 92;

/** Readable on white and on dark. */
const TEXT = '#6e7781';
const COLOURS = ['#d1495b', '#b0b7bf', '#7f8c99', '#58636e'];

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const label = (x, y, text, attributes = '') =>
  `<text x="${x}" y="${y}" font-family="system-ui, sans-serif" fill="${TEXT}" ${attributes}>${escaped(text)}</text>`;

/**
 * Horizontal bars in groups, as SVG.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.subtitle
 * @param {string[]} chart.contenders the first stands out
 * @param {{ label: string, values: (number | undefined)[] }[]} chart.groups
 * @param {(value: number) => string} chart.print
 */
export const barChart = ({ title, subtitle, contenders, groups, print }) => {
  const most = Math.max(1, ...groups.flatMap(({ values }) => values.filter((value) => value !== undefined)));
  const scale = (WIDTH - LABEL - RIGHT) / most;
  const parts = [
    label(0, 20, title, 'font-size="17" font-weight="600"'),
    label(0, 42, subtitle, 'font-size="13"'),
    ...contenders.map((name, i) => legend(name, i, contenders)),
  ];
  let y = TOP;
  for (const group of groups) {
    const present = group.values.flatMap((value, i) =>
      value === undefined ? [] : [{ value, colour: COLOURS[i] }],
    );
    const height = present.length * (BAR + GAP) - GAP;
    parts.push(label(LABEL - 12, y + height / 2 + 4, group.label, 'font-size="13" text-anchor="end"'));
    for (const { value, colour } of present) {
      const length = Math.max(1, value * scale);
      parts.push(
        `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${colour}"/>`,
      );
      parts.push(label((LABEL + length + 6).toFixed(1), y + BAR - 3, print(value), 'font-size="12"'));
      y += BAR + GAP;
    }
    y += GROUP_GAP - GAP;
  }
  const yardstick = (LABEL + scale).toFixed(1);
  const line = `<line x1="${yardstick}" x2="${yardstick}" y1="${TOP - 8}" y2="${y - GROUP_GAP + 8}" stroke="${TEXT}" stroke-dasharray="3 3"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${escaped(title)}">`,
    line,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
};

const legend = (name, i, contenders) => {
  const x = contenders.slice(0, i).reduce((sum, before) => sum + 34 + before.length * 7.2, 0);
  return (
    `<rect x="${x.toFixed(1)}" y="56" width="12" height="12" rx="2" fill="${COLOURS[i]}"/>` +
    label((x + 18).toFixed(1), 66, name, 'font-size="13"')
  );
};
