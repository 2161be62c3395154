import type { CodeBlock } from '../docs/pages.js';

/** The modules of the project in `shop/` that stand on the pages, and how their blocks begin. */
const MODULES = {
  'shop/shared_settings.py': '# settings.py',
  'shop/sessions.py': '# shop/sessions.py',
  'shop/internal.py': '# shop/internal.py',
} as const;

export type PythonModule = keyof typeof MODULES;

const NAMES = Object.keys(MODULES) as PythonModule[];

/** The module that a block is, `undefined` for none of them. */
const moduleOf = ({ code }: CodeBlock): PythonModule | undefined =>
  NAMES.find((name) => code.startsWith(MODULES[name]));

/**
 * The block of each module.
 *
 * @throws Error unless each module has one block, and each block is a module
 */
export const pythonModules = (blocks: readonly CodeBlock[]): ReadonlyMap<PythonModule, CodeBlock> => {
  const modules = new Map<PythonModule, CodeBlock>();
  for (const block of blocks) {
    const name = moduleOf(block);
    if (name === undefined || modules.has(name))
      throw new Error(
        `${block.page}:${block.line} is no module of its own in test/django, which runs Python`,
      );
    modules.set(name, block);
  }
  const missing = NAMES.filter((name) => !modules.has(name));
  if (missing.length > 0) throw new Error(`No page has the block of ${missing.join(', ')}`);
  return modules;
};
