/**
 * The process of one contender: opens it, and runs the functions of a job on it for the parent.
 * Its arguments: the path of the contender, that of the job, the contender's options as JSON.
 */
const [contenderPath, jobPath, options] = process.argv.slice(2);

const answer = (message) => new Promise((sent) => process.send(message, sent));

const fail = async (id, error) => {
  await answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

try {
  const [{ open }, { createJob }] = await Promise.all([import(contenderPath), import(jobPath)]);
  const contender = await open(JSON.parse(options));
  const job = createJob(contender);
  process.on('message', async ({ id, name, args }) => {
    try {
      await answer({ id, result: await job[name](...args) });
    } catch (error) {
      await fail(id, error);
    }
  });
  await answer({ id: 0, result: null });
} catch (error) {
  await fail(0, error);
  process.exit(1);
}
