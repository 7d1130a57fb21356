import { readFile } from 'node:fs/promises';

/** A source of the elements of a JSON array; the file is read when the run opens the source. */
export function jsonRecords(file: string): () => Promise<readonly unknown[]> {
  return async () => {
    const records: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Array.isArray(records)) throw new TypeError(`${file} holds no array`);
    return records as unknown[];
  };
}
