import { writeFile } from 'node:fs/promises';

const chunkLength = 256 * 1024;

/** Writes values as JSON, one a line; gathers lines so that only few of them wait for the disk. */
export class NdjsonFile {
  #lines = '';
  #flag: 'w' | 'a' = 'w';

  constructor(readonly path: string) {}

  /** Returns a promise only when a chunk goes to disk: most lines cost no waiting. */
  write(value: unknown): Promise<void> | undefined {
    this.#lines += `${JSON.stringify(value)}\n`;
    return this.#lines.length < chunkLength ? undefined : this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#lines;
    const flag = this.#flag;
    this.#lines = '';
    this.#flag = 'a';
    await writeFile(this.path, text, { flag });
  }
}
