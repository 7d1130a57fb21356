import type { DeadLetterEnvelope, DeadLetterSink } from 'heirline';
import { NdjsonFile } from './ndjson-file.js';

/** What the report needs to know of a flight that was put aside. */
export interface DeadLetter {
  /** The code of the error that the node threw. */
  readonly code: string;
  readonly reason: string;
  /** The node that failed, however deep. */
  readonly path: string;
  readonly item: unknown;
}

/** Keeps dead letters and writes them to a file; an object with a `write` method is a dead-letter sink. */
export class DeadLetterFile implements DeadLetterSink {
  readonly letters: DeadLetter[] = [];
  readonly #file: NdjsonFile;

  constructor(path: string) {
    this.#file = new NdjsonFile(path);
  }

  write({ error, path, item }: DeadLetterEnvelope): Promise<void> | undefined {
    const { code, message } = error.cause ?? error; // the failure says where, its cause says why
    const letter = { code: code ?? 'UNKNOWN', reason: message, path, item };
    this.letters.push(letter);
    return this.#file.write(letter);
  }

  flush(): Promise<void> {
    return this.#file.flush();
  }
}
