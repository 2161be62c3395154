import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf, type Page, ROOT, withoutBlocks } from './pages.js';

/** The commands of npm on a page, in blocks and in prose, that would not work where the page has its reader be. */
export const brokenCommands = (page: Page): string[] => {
  const manifests = [...new Set(['.', dirname(page.path)])].flatMap(manifestsIn);
  return commandsOf(page).filter((command) => command.startsWith('npm ') && !works(command, manifests));
};

const commandsOf = (page: Page): string[] => {
  const inBlocks = blocksOf(page)
    .filter(({ language }) => language === 'bash')
    .flatMap(({ code }) => code.replace(/ # .*$/gm, '').split('\n'));
  const inProse = [...withoutBlocks(page.text).matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replace(/\s+/g, ' '),
  );
  return [...inBlocks, ...inProse]
    .flatMap((line) => line.split('&&'))
    .map((command) => command.trim().replace(/^(?:\w+=\S+ )+/, ''));
};

interface Manifest {
  readonly name: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies?: object;
  readonly peerDependencies?: object;
}

const manifestsIn = (folder: string): Manifest[] => {
  const path = join(ROOT, folder, 'package.json');
  return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as Manifest] : [];
};

const works = (command: string, manifests: readonly Manifest[]): boolean => {
  const [, verb = '', ...words] = command.split(/\s+/);
  const isScript = (name = ''): boolean => manifests.some(({ scripts }) => name in scripts);
  switch (verb) {
    case 'ci':
    case 'cit':
      return true;
    case 'run':
      return isScript(words[0]);
    case 'start':
    case 'test':
      return isScript(verb) && words.filter((word) => word.includes('/')).every(isThere);
    case 'install':
      return words.every((word) => manifests.some((manifest) => isKnown(withoutVersion(word), manifest)));
    default:
      return false;
  }
};

const isThere = (path: string): boolean => existsSync(join(ROOT, path));

const withoutVersion = (word: string): string => word.replace(/(?!^)@.*$/, '');

/** Whether the tests themselves use the package. */
const isKnown = (name: string, manifest: Manifest): boolean =>
  name === manifest.name || name in { ...manifest.peerDependencies, ...manifest.devDependencies };
