import { tellUnasked } from '../context/tell-unasked.js';
import { storeClosed } from '../errors/store-errors.js';
import type { LineageRecord, LineageSink } from '../ports/lineage-sink.js';
import type { LineagePruneOptions } from '../ports/queryable-lineage-sink.js';
import { GatheredWrites } from '../storage/gathered-writes.js';
import { LineFiles } from '../storage/line-files.js';
import type { FileSinkOptions, OpenFiles } from '../storage/line-files.js';
import { lineageLine, readLineageLine } from './lineage-lines.js';
import { pruneLimit } from './which-records.js';

/**
 * Writes lineage records to a file, one line of JSON each, and rotates it by size.
 *
 * A line is there once `record` has resolved; records that come meanwhile are written together. One sink per file. To
 * ask questions, read the records into a `MemoryLineageSink`. What is told goes to the logger of the run around, else it
 * is a warning of the process.
 *
 * @example
 * {@includeCode ../../examples/api/file-lineage-sink.ts}
 */
export class FileLineageSink implements LineageSink {
  readonly #files: LineFiles;
  readonly #lines = new GatheredWrites<string>(async (lines) => {
    for (const removed of await this.#files.append(lines))
      tellUnasked(`lineage: a rotated file was removed, with the records in it (${removed})`);
  });
  #isClosed = false;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: FileSinkOptions) {
    this.#files = new LineFiles('FileLineageSink', options);
  }

  /** Adds a record to the file. Rejects with the error of the file system. */
  async record(record: LineageRecord): Promise<void> {
    this.#refuseIfClosed();
    await this.#lines.add(lineageLine(record));
  }

  /** Reads the records in the file and in those that it was before, the eldest first. */
  async *read(): AsyncIterable<LineageRecord> {
    this.#refuseIfClosed();
    const files = await this.#lines.inTurn(() => this.#files.open());
    let broken = 0;
    try {
      for await (const { text } of files.lines()) {
        const record = readLineageLine(text);
        if (record !== undefined) yield record;
        else if (text !== '') broken += 1;
      }
    } finally {
      await files.close();
      if (broken > 0)
        tellUnasked(
          `lineage: ${String(broken)} broken ${broken === 1 ? 'line' : 'lines'} skipped (${this.#files.path})`,
        );
    }
  }

  /**
   * Removes the rotated files that hold no record of this moment or later; gives how many. The file that is written to
   * stays.
   *
   * @throws {@link PipelineError} `OPTION_INVALID`.
   */
  async prune(options: LineagePruneOptions): Promise<number> {
    const before = pruneLimit(options);
    this.#refuseIfClosed();
    return this.#lines.inTurn(() => this.#files.removeRotated((file) => isElder(file, before)));
  }

  /** Resolves once all is written that was recorded; later calls reject with `STORE_UNAVAILABLE`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lines.inTurn(() => Promise.resolve());
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw storeClosed();
  }
}

/** Whether all records of a file are of before a moment. */
async function isElder(file: OpenFiles, before: number): Promise<boolean> {
  for await (const { text } of file.lines()) {
    const record = readLineageLine(text);
    if (record !== undefined && record.at >= before) return false;
  }
  return true;
}
