import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Page, ROOT, withoutBlocks } from './pages.js';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src="([^"]+)"/g;

const INLINE_CODE = /`[^`\n]*`/g;

/** The links of a page that lead nowhere. Those to other sites are not followed. */
export const brokenLinks = (page: Page): string[] =>
  linksOf(page).filter((link) => leadsNowhere(page.path, link));

/** The files that a page links to, as paths from the root. */
export const linkedFiles = (page: Page): string[] => linksOf(page).map((link) => targetOf(page.path, link));

const linksOf = (page: Page): string[] =>
  [...withoutBlocks(page.text).replace(INLINE_CODE, '``').matchAll(LINK)]
    .map(([, link, image]) => link ?? image ?? '')
    .filter((link) => !/^(https?|mailto):/.test(link));

const targetOf = (from: string, link: string): string => {
  const [path = ''] = link.split('#');
  return path === '' ? from : normalize(join(dirname(from), path));
};

const leadsNowhere = (from: string, link: string): boolean => {
  const [, anchor] = link.split('#');
  const file = join(ROOT, targetOf(from, link));
  if (!existsSync(file)) return true;
  if (anchor === undefined || statSync(file).isDirectory()) return false;
  return !anchorsIn(readFileSync(file, 'utf8')).includes(anchor);
};

/** The anchors of the headings, as forges make them. */
const anchorsIn = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
