import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readProperty } from '../data/foreign-value.js';
import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';

const NEW_LINE = 10;

/** Where a sink writes, and when its file is rotated. */
export interface FileSinkOptions {
  /** The file; folders are made. Rotated files are beside it: `path.1` is the eldest. */
  readonly path: string;
  /** A file that would grow larger is rotated first. Default: it is never rotated. */
  readonly maxBytes?: number | undefined;
  /** How many rotated files are kept; what is in others is lost, which is told. Default: all. */
  readonly keep?: number | undefined;
  /** Whether each write waits until the disk has it, which a loss of power needs and a crash does not. Default `false`. */
  readonly sync?: boolean | undefined;
}

/** Files as they were at one moment; they can be read several times, until they are closed. */
export class OpenFiles {
  private constructor(
    private readonly files: readonly { readonly file: FileHandle; readonly size: number }[],
  ) {}

  static async of(files: readonly FileHandle[]): Promise<OpenFiles> {
    return new OpenFiles(
      await Promise.all(files.map(async (file) => ({ file, size: (await file.stat()).size }))),
    );
  }

  /** All lines, the eldest first, with their numbers from 1. */
  async *lines(): AsyncIterable<{ readonly text: string; readonly number: number }> {
    let number = 0;
    for (const { file, size } of this.files) {
      if (size === 0) continue;
      const stream = file.createReadStream({ encoding: 'utf8', start: 0, end: size - 1, autoClose: false });
      let begun = '';
      for await (const chunk of stream as AsyncIterable<string>) {
        const [first = '', ...more] = chunk.split('\n');
        begun += first;
        for (const part of more) {
          yield { text: begun, number: ++number };
          begun = part;
        }
      }
      if (begun !== '') yield { text: begun, number: ++number };
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.files) await file.close();
  }
}

/** Lines in a file, and in the files that it was before: `path.1` is the eldest. */
export class LineFiles {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #sync: boolean;

  /**
   * @param name the class that was made, for errors.
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  constructor(name: string, options: FileSinkOptions) {
    checkOptions(name, options, {
      path: rule.text,
      maxBytes: rule.positiveInteger,
      keep: rule.positiveInteger,
      sync: rule.boolean,
    });
    const { path, maxBytes = Infinity, keep = Infinity, sync = false } = options;
    if ((path as string | undefined) === undefined) throw invalidOption(name, "'path' is required");
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#sync = sync;
  }

  /** Adds lines; a half line that a crash has left stays one of its own. Gives the files that were removed. */
  async append(lines: readonly string[]): Promise<readonly string[]> {
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    await mkdir(dirname(this.path), { recursive: true });
    const removed = await this.#rotate(text.length);
    const file = await open(this.path, 'a+');
    try {
      const begun = (await endsInLine(file)) ? Buffer.from('\n') : Buffer.alloc(0);
      await file.appendFile(Buffer.concat([begun, text]));
      if (this.#sync) await file.datasync();
    } finally {
      await file.close();
    }
    return removed;
  }

  /** What the files hold now, whatever is written or renamed meanwhile. */
  async open(): Promise<OpenFiles> {
    const files: FileHandle[] = [];
    try {
      for (const path of [...(await this.#rotated()).map((file) => file.path), this.path])
        if ((await sizeOf(path)) !== undefined) files.push(await open(path, 'r'));
      return await OpenFiles.of(files);
    } catch (error) {
      for (const file of files) await file.close();
      throw error;
    }
  }

  /** Removes the rotated files for which the question is answered with true; gives how many. */
  async removeRotated(isOver: (file: OpenFiles) => Promise<boolean>): Promise<number> {
    let removed = 0;
    for (const { path } of await this.#rotated()) {
      const file = await OpenFiles.of([await open(path, 'r')]);
      const goes = await isOver(file).finally(() => file.close());
      if (!goes) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }

  /** Renames a file that has grown too large, and removes those that are not kept. */
  async #rotate(added: number): Promise<readonly string[]> {
    const size = (await sizeOf(this.path)) ?? 0;
    if (size === 0 || size + added <= this.#maxBytes) return [];
    const files = await this.#rotated();
    const next = { number: (files.at(-1)?.number ?? 0) + 1 };
    const newest = { ...next, path: `${this.path}.${String(next.number)}` };
    await rename(this.path, newest.path);
    const all = [...files, newest];
    const removed = all.slice(0, Math.max(0, all.length - this.#keep));
    for (const file of removed) await rm(file.path, { force: true });
    return removed.map((file) => file.path);
  }

  async #rotated(): Promise<readonly { readonly number: number; readonly path: string }[]> {
    const folder = dirname(this.path);
    const start = `${basename(this.path)}.`;
    const names = await readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return names
      .filter((name) => name.startsWith(start) && /^[1-9]\d*$/.test(name.slice(start.length)))
      .map((name) => ({ number: Number(name.slice(start.length)), path: join(folder, name) }))
      .sort((a, b) => a.number - b.number);
  }
}

/** Whether the file ends within a line. */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEW_LINE;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return readProperty(error, 'code') === 'ENOENT';
}
