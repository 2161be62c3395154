import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PYTHON = 'python3';

/** Whether a Python is there whose `datetime` has `fromisoformat`: 3.7 or later. */
export const hasPython =
  spawnSync(PYTHON, ['-c', 'import sys; sys.exit(sys.version_info < (3, 7))']).status === 0;

/** What a script prints, as JSON; `input` is its standard input. */
export function runPython(script: URL, args: readonly string[], input: unknown = null): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON, [fileURLToPath(script), ...args], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  if (status !== 0) throw new Error(`${PYTHON} failed: ${stderr}`);
  return JSON.parse(stdout);
}
