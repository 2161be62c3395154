const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

export const median = (numbers) => {
  const inOrder = sorted(numbers);
  const middle = inOrder.length >> 1;
  return inOrder.length % 2 === 1 ? inOrder[middle] : (inOrder[middle - 1] + inOrder[middle]) / 2;
};

/** The value that the fraction `p` of the numbers does not exceed. */
export const percentile = (numbers, p) => {
  const inOrder = sorted(numbers);
  return inOrder[Math.max(0, Math.ceil(p * inOrder.length) - 1)];
};

/** The median of the ratios round by round, so that a drift of the machine hits both sides alike. */
export const medianRatio = (numbers, baseline) =>
  median(numbers.map((number, round) => number / baseline[round]));

/** The object with each value changed. */
export const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
