import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './run-node.js';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path)),
].filter((path) => path.endsWith('.md'));

const withoutCode = (markdown: string): string => markdown.replace(/^```.*?^```/gms, '');

/** The anchors of a page, as hosts of Markdown make them of headings. */
function anchors(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong with a link of a page, undefined when it leads somewhere. */
function linkProblem(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, page) : resolve(root, dirname(page), path);
  if (!existsSync(target)) return `${page}: there is no ${link}`;
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return anchors(readFileSync(target, 'utf8')).includes(anchor)
    ? undefined
    : `${page}: no heading for ${link}`;
}

describe('links of the documentation', () => {
  it('lead to files and headings that are there', () => {
    const problems = pages.flatMap((page) =>
      [...withoutCode(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => linkProblem(page, link)),
    );
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('reach every page from the index', () => {
    const reached = new Set(['docs/README.md']);
    for (const page of reached) {
      for (const [, path = ''] of readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+\.md)/g)) {
        const target = join(dirname(page), path);
        if (target.startsWith('docs/') && existsSync(join(root, target))) reached.add(target);
      }
    }
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });

  const inside = pages.filter((page) => /^docs.(architecture|performance|decisions.\d.*)\.md$/.test(page));

  it.for(inside)('name files of src, and what these hold: %s', (path) => {
    const page = readFileSync(join(root, path), 'utf8');
    const file = '`((?!src/|scripts/)[a-z]+/[a-z-]+\\.ts)`';
    const sourceOf = (path: string): string => {
      const source = join(root, 'src', path);
      return existsSync(source) ? readFileSync(source, 'utf8') : '';
    };
    const files = [...page.matchAll(new RegExp(file, 'g'))].map(([, path = '']) => path);
    expect(files.filter((path) => sourceOf(path) === '')).toEqual([]);

    // `name` (`folder/file.ts`) and (`name`, `folder/file.ts`)
    const named = [...page.matchAll(new RegExp(`\`([\\w.]+)\`(?:,|\\s+\\()\\s*${file}\\)`, 'g'))];
    if (path === 'docs/architecture.md') expect(named).not.toEqual([]);
    const missing = named.filter(
      ([, name = '', path = '']) => !sourceOf(path).includes(name.split('.').at(-1) ?? name),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
  });
});
