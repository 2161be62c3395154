/** A figure with about three significant digits, and a dash for none. */
export const figure = (number) => {
  if (number === undefined || number === null || Number.isNaN(number)) return '–';
  const size = Math.abs(number);
  if (size >= 1000) return Math.round(number).toLocaleString('en-US');
  return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
};

/** `{ GET: 20, SET: 20 }` of 20 operations as `1 GET + 1 SET`. */
export const commandsEach = (counts, operations) => {
  const each = Object.entries(counts).map(
    ([name, count]) => `${figure(count / operations).replace(/\.0+$/, '')} ${name}`,
  );
  return each.length === 0 ? '0' : each.join(' + ');
};

/** A table of text cells in Markdown, the columns aligned so that it also reads well on a terminal. */
export const table = ({ title, note, columns, rows }) => {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const lineOf = (row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [head, ...body] = cells;
  return [
    `### ${title}`,
    '',
    ...(note === undefined ? [] : [note, '']),
    lineOf(head),
    rule,
    ...body.map(lineOf),
    '',
  ].join('\n');
};
