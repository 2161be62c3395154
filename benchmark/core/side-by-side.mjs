/** The results of several at once. When one fails the others are waited for, so that each can end what it started. */
export const sideBySide = async (all) => {
  const outcomes = await Promise.allSettled(all);
  for (const { status, reason } of outcomes) if (status === 'rejected') throw reason;
  return outcomes.map(({ value }) => value);
};
