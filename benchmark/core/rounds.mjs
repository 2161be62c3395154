/**
 * Measures the contenders in turn (A B C, B C A, …), so that what the machine does meanwhile hits all of them. Each has
 * its time as the first: after a rest the processor is faster for a moment.
 *
 * @param {number} [earlier] how many rounds there were before
 * @returns {Promise<Record<string, any[]>>} the measurements of each contender by its name, one a round
 */
export const inTurn = async (contenders, rounds, measure, earlier = 0) => {
  const results = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = earlier; round < earlier + rounds; round += 1)
    for (const contender of startingWith(contenders, round % contenders.length))
      results[contender.name].push(await measure(contender, round));
  return results;
};

const startingWith = (contenders, first) => [...contenders.slice(first), ...contenders.slice(0, first)];
