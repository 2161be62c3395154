/** How many rounds a test does: a share of them, or all where TEST_LONG is set, as `.ci/run --long` does. */
export const roundsOf = (whole: number, share: number): number =>
  process.env['TEST_LONG'] === undefined ? share : whole;
