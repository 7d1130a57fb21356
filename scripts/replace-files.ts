import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Makes files the only ones in a folder whose names match; `files` go by their paths.
 *
 * The new files are written before the old ones go, so that a process started meanwhile finds a whole package.
 */
export async function replaceFiles(
  folder: string,
  matching: RegExp,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  const written = new Set<string>();
  for (const [file, contents] of files) {
    const path = resolve(file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
    written.add(path);
  }
  for (const name of await readdir(folder, { recursive: true })) {
    const path = resolve(join(folder, name));
    if (matching.test(name) && !written.has(path)) await rm(path);
  }
}
