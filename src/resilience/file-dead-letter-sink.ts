import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type {
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterMark,
  ReplayableDeadLetterSink,
} from '../ports/dead-letter-sink.js';
import { LetterClaims, markedLetter } from './letter-claims.js';
import { LetterFiles } from './letter-files.js';
import { letterTest } from './letter-filter.js';
import { letterLine, markLine, readLetterLine } from './letter-lines.js';
import type { LetterLine } from './letter-lines.js';
import { tellOfLetters } from './tell-of-letters.js';

/** Where dead letters are written, and when the file is rotated. */
export interface FileDeadLetterSinkOptions {
  /** The file; folders are made. Rotated files are beside it: `path.1` is the eldest. */
  readonly path: string;
  /** A file that would grow larger is rotated first. Default: it is never rotated. */
  readonly maxBytes?: number | undefined;
  /** How many rotated files are kept; the letters in others are lost, which is told. Default: all. */
  readonly keep?: number | undefined;
  /** Whether each write waits until the disk has it, which a loss of power needs and a crash does not. Default `false`. */
  readonly sync?: boolean | undefined;
}

/** What the lines of a file say about one letter. */
interface LetterState {
  /** The number of the line that holds the letter as it is now. */
  line: number;
  isDone: boolean;
  readonly marks: DeadLetterMark[];
}

/**
 * Writes dead letters to a file, one line of JSON each, and rotates it by size.
 *
 * A line is there once `write` has resolved; a line that a crash has cut off is skipped when the file is read, and told.
 * Items that are no data are kept as readable texts. One sink per file: its claims hold in this process only. What is
 * told goes to the logger of the run around, else it is a warning of the process.
 *
 * @example
 * {@includeCode ../../examples/api/file-dead-letter-sink.ts}
 */
export class FileDeadLetterSink implements ReplayableDeadLetterSink {
  readonly #files: LetterFiles;
  readonly #path: string;
  readonly #claims = new LetterClaims();
  /** The letters that have succeeded since this sink was made. */
  readonly #done = new Set<string>();
  /** Lines that nothing has begun to write. */
  #waiting: { readonly lines: string[]; readonly written: Promise<void> } | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options: FileDeadLetterSinkOptions) {
    checkOptions('FileDeadLetterSink', options, {
      path: rule.text,
      maxBytes: rule.positiveInteger,
      keep: rule.positiveInteger,
      sync: rule.boolean,
    });
    const { path, maxBytes = Infinity, keep = Infinity, sync = false } = options;
    if ((path as string | undefined) === undefined)
      throw invalidOption('FileDeadLetterSink', "'path' is required");
    this.#path = path;
    this.#files = new LetterFiles({ path, maxBytes, keep, sync });
  }

  /** Adds a letter to the file; one of the same id is replaced. Rejects with the error of the file system. */
  write(envelope: DeadLetterEnvelope): Promise<void> {
    this.#done.delete(envelope.id);
    return this.#append(letterLine(envelope));
  }

  /** Reads the letters in the file and in those that it was before, without those that have succeeded. */
  async *read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
    const takes = letterTest(filter);
    const files = await this.#inTurn(() => this.#files.open());
    try {
      const states = new Map<string, LetterState>();
      let broken = 0;
      for await (const { text, number } of files.lines()) {
        const line = readLetterLine(text);
        if (line !== undefined) note(states, line, number);
        else if (text !== '') broken += 1;
      }
      if (broken > 0)
        tellOfLetters(`${String(broken)} broken ${broken === 1 ? 'line' : 'lines'} skipped`, this.#path);
      const current = new Set([...states.values()].filter(({ isDone }) => !isDone).map(({ line }) => line));
      for await (const { text, number } of files.lines()) {
        const line = current.has(number) ? readLetterLine(text) : undefined;
        if (line?.kind !== 'letter' || this.#done.has(line.id)) continue;
        const letter = (states.get(line.id)?.marks ?? []).reduce(markedLetter, line.envelope);
        if (takes(letter)) yield letter;
      }
    } finally {
      await files.close();
    }
  }

  /** Notes what a replay does with a letter; `false` for a claim that cannot be had. */
  async mark(id: string, mark: DeadLetterMark): Promise<boolean> {
    if (mark.outcome === 'claimed') {
      if (this.#done.has(id) || !this.#claims.take(id, mark)) return false;
    } else this.#claims.end(id, mark);
    await this.#append(markLine(id, mark));
    if (mark.outcome === 'succeeded') this.#done.add(id);
    return true;
  }

  /** Lines that come while others are written go in one piece after those. */
  #append(line: string): Promise<void> {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      waiting.lines.push(line);
      return waiting.written;
    }
    const lines = [line];
    const written = this.#inTurn(async () => {
      this.#waiting = undefined;
      for (const removed of await this.#files.append(lines))
        tellOfLetters('a rotated file was removed, with the letters in it', removed);
    });
    this.#waiting = { lines, written };
    return written;
  }

  /** Works on the files after all that was begun before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }
}

/** Notes what one more line says. */
function note(states: Map<string, LetterState>, line: LetterLine, number: number): void {
  if (line.kind === 'letter') {
    // The letter holds the replays before it.
    states.set(line.id, { line: number, isDone: false, marks: [] });
    return;
  }
  const state = states.get(line.id);
  if (state === undefined) return;
  if (line.mark.outcome === 'succeeded') state.isDone = true;
  else state.marks.push(line.mark);
}
