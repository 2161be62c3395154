export type Arrow = readonly [from: string, to: string];

const HEAD = /^flowchart TD$/;
const GROUP = /^subgraph (\w[\w-]*)\[".+"\]$/;
const NODE = /^(\w[\w-]*)\[".+"\]$/;
const ARROW = /^(\w[\w-]*) --> (\w[\w-]*)$/;

/**
 * The arrows of a Mermaid flowchart, of the part of its language that the pages use.
 *
 * @throws Error for a line of another kind, a group that is not closed, and an arrow from or to what is not there.
 */
export const arrowsOf = (code: string): Arrow[] => {
  const [head = '', ...lines] = code
    .trim()
    .split('\n')
    .map((line) => line.trim());
  if (!HEAD.test(head)) throw new Error(`Not the head of a flowchart: ${head}`);
  const nodes = new Set<string>();
  const arrows: Arrow[] = [];
  let open = 0;
  for (const line of lines) {
    const [, from, to] = ARROW.exec(line) ?? [];
    const [, node] = NODE.exec(line) ?? [];
    if (from !== undefined && to !== undefined) arrows.push([from, to]);
    else if (node !== undefined) nodes.add(node);
    else if (GROUP.test(line)) open += 1;
    else if (line === 'end' && open > 0) open -= 1;
    else throw new Error(`Not a line of a flowchart: ${line}`);
  }
  if (open > 0) throw new Error('A subgraph is not closed');
  const stray = arrows.flat().find((end) => !nodes.has(end));
  if (stray !== undefined) throw new Error(`An arrow leads from or to ${stray}, which is not there`);
  return arrows;
};
