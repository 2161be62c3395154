/**
 * Measures the contenders in turn (A B C, A B C, …), so that what the machine does meanwhile hits all of them.
 *
 * @returns {Promise<Record<string, any[]>>} the measurements of each contender by its name, one a round
 */
export const inTurn = async (contenders, rounds, measure) => {
  const results = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders) results[contender.name].push(await measure(contender, round));
  return results;
};
