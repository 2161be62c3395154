/** The most similar of some names. */
export const nearestName = (name: string, known: readonly string[]): string | undefined => {
  const most = Math.max(1, Math.floor(name.length / 3));
  return known
    .map((word) => ({ word, distance: editDistance(name, word) }))
    .filter(({ distance }) => distance <= most)
    .sort((one, other) => one.distance - other.distance)[0]?.word;
};

/** The edit distance, ignoring case. */
export const editDistance = (one: string, other: string): number => {
  const target = other.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const character of one.toLowerCase()) {
    const next = [(row[0] ?? 0) + 1];
    for (let at = 0; at < target.length; at++)
      next.push(
        Math.min(
          (row[at] ?? 0) + (target[at] === character ? 0 : 1),
          (row[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row[target.length] ?? 0;
};
