import { randomUUID } from 'node:crypto';
import { isInstanceOf } from '../data/foreign-value.js';
import { cancelReasonOf } from '../errors/cancel-reason.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import { clockUnder } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import type {
  DeadLetterEnvelope,
  DeadLetterFields,
  DeadLetterMark,
  ReplayableDeadLetterSink,
} from '../ports/dead-letter-sink.js';
import { filterFields, letterTest } from '../resilience/letter-filter.js';
import { alarmAt } from '../run/ending/alarm.js';
import { relaySignal } from '../run/ending/relay-signal.js';
import { sinkRejected } from './execution/engine-errors.js';
import type { RunResult } from './execution/run-result.js';
import { LetterRuns } from './letter-runs.js';
import type { PreparedLetter } from './letter-runs.js';
import { ReplacedLetters } from './replaced-letters.js';
import type { ReplayOptions } from './replay-options.js';
import type { RunnerParts } from './run-start.js';

/** What came of a replay. */
export interface ReplayTally {
  /** The letters that were run to an end; `succeeded` and `failedAgain` together. */
  readonly replayed: number;
  /** Those of which nothing failed, and nothing was written for the dead-letter sink. */
  readonly succeeded: number;
  /** Those that stay, with one more try in their `replays`. */
  readonly failedAgain: number;
}

/** One call of `replayDeadLetters`. */
export class Replay {
  readonly #tally = { replayed: 0, succeeded: 0, failedAgain: 0 };
  readonly #runs: LetterRuns;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  /** What ends the replay, beside a cancel. */
  #failure: { readonly error: unknown } | undefined;
  #nextStartMs = -Infinity;

  constructor(
    private readonly sink: ReplayableDeadLetterSink,
    private readonly options: ReplayOptions,
    parts: RunnerParts,
  ) {
    const { definition, from = 'decision', context = {} } = options;
    this.#clock = clockUnder(parts.options.clock);
    this.#runs = new LetterRuns(parts, { definition, from, context });
  }

  async run(): Promise<ReplayTally> {
    const stopWatching = this.#watch();
    try {
      const prepared = (await this.#select()).map((letter) => this.#runs.prepare(letter));
      const { concurrency = 1 } = this.options;
      const waiting = prepared.values();
      await Promise.all(Array.from({ length: concurrency }, () => this.#work(waiting)));
    } finally {
      stopWatching();
    }
    if (this.#failure !== undefined) throw this.#withTally(this.#failure.error);
    if (this.#signal.aborted) throw this.#withTally(this.#cancelled());
    return Object.freeze({ ...this.#tally });
  }

  get #signal(): AbortSignal {
    return this.#ending.signal;
  }

  #withTally(error: unknown): unknown {
    if (isInstanceOf(error, PipelineError))
      Object.defineProperty(error, 'tally', { value: Object.freeze({ ...this.#tally }), configurable: true });
    return error;
  }

  #cancelled(): RunCancelledError {
    const { reason, cause } = cancelReasonOf(this.#signal.reason);
    return new RunCancelledError(reason, this.#runs.name, cause === undefined ? {} : { cause });
  }

  /** Ends the replay with its signals and at its deadline. */
  #watch(): () => void {
    const { signal, run = {} } = this.options.context ?? {};
    const cancelled = {
      path: this.#runs.name,
      cancel: (given: unknown) => {
        this.#ending.abort(given);
      },
    };
    const stops = [relaySignal(signal, cancelled), relaySignal(run.signal, cancelled)];
    const ends: number[] = [];
    if (run.timeoutMs !== undefined) ends.push(this.#clock.now() + run.timeoutMs);
    if (run.deadline !== undefined) ends.push(run.deadline.getTime());
    if (ends.length > 0)
      stops.push(
        alarmAt(this.#clock, Math.min(...ends), () => {
          this.#ending.abort({ kind: 'deadline', message: 'the time for the replay is over' });
        }),
      );
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** The letters to run, the eldest first. */
  async #select(): Promise<readonly DeadLetterEnvelope[]> {
    const { filter, limit = Infinity } = this.options;
    const takes = letterTest(filter);
    const letters: DeadLetterEnvelope[] = [];
    const age = ({ failedAt }: DeadLetterEnvelope): number => Number(failedAt);
    /** Keeps the eldest; a sink may hold many more. */
    const cut = (): void => void letters.sort((a, b) => age(a) - age(b)).splice(limit);
    for await (const letter of this.#read(filterFields(filter))) {
      if (this.#signal.aborted) return [];
      if (takes(letter)) letters.push(letter);
      if (letters.length >= 2 * limit) cut();
    }
    cut();
    return letters;
  }

  async *#read(fields: DeadLetterFields | undefined): AsyncIterable<DeadLetterEnvelope> {
    try {
      yield* this.sink.read(fields);
    } catch (thrown) {
      throw sinkRejected(this.#runs.name, 'dead-letter sink', thrown);
    }
  }

  /** Takes one letter after the other, until there is none or none may start. */
  async #work(waiting: Iterator<PreparedLetter>): Promise<void> {
    try {
      while (this.#mayStart()) {
        const next = waiting.next();
        if (next.done === true) return;
        await this.#pace();
        if (this.#mayStart()) await this.#replay(next.value);
      }
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #mayStart(): boolean {
    const { stopAfter = Infinity } = this.options;
    return this.#failure === undefined && !this.#signal.aborted && this.#tally.failedAgain < stopAfter;
  }

  /** Waits until the next letter may begin. */
  async #pace(): Promise<void> {
    const { perSecond } = this.options;
    if (perSecond === undefined) return;
    const startMs = Math.max(this.#clock.now(), this.#nextStartMs);
    this.#nextStartMs = startMs + 1000 / perSecond;
    if (startMs <= this.#clock.now()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopAlarm();
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      const stopAlarm = alarmAt(this.#clock, startMs, done);
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }

  async #replay(prepared: PreparedLetter): Promise<void> {
    const { letter } = prepared;
    const runId = randomUUID();
    const claim = await this.#mark(letter, { outcome: 'claimed', attempts: letter.attempts, runId });
    if (claim === false) return;
    const replaced = new ReplacedLetters(this.sink, prepared);
    let failure: { readonly error: unknown } | undefined;
    let result: RunResult | undefined;
    try {
      const ended = await this.#runs.run(prepared, {
        runId,
        signal: this.#signal,
        sink: replaced,
      });
      ({ result } = ended);
      if (!replaced.hasLetters)
        for (const output of ended.outputs) await this.options.onOutput?.(output, letter);
    } catch (error) {
      failure = { error };
      result ??= isInstanceOf(error, PipelineError) ? error.result : undefined;
    }
    if (failure !== undefined && isEnd(failure.error)) {
      await this.#mark(letter, {
        outcome: 'released',
        attempts: replaced.attempts ?? letter.attempts,
        runId,
      });
      // A cancel of the replay itself is told with its own reason.
      if (!this.#signal.aborted) throw failure.error;
      return;
    }
    const isFailed = failure !== undefined || replaced.hasLetters;
    // The node that gets the letter is called once, and once more for each retry.
    const tries = 1 + (result?.nodes.get(prepared.entry.path)?.retried ?? 0);
    const attempts = replaced.attempts ?? letter.attempts + tries;
    const outcome = isFailed ? 'failedAgain' : 'succeeded';
    await this.#mark(letter, { outcome, attempts, runId });
    this.#tally.replayed += 1;
    this.#tally[outcome] += 1;
  }

  async #mark({ id }: DeadLetterEnvelope, mark: Omit<DeadLetterMark, 'at'>): Promise<unknown> {
    try {
      return await this.sink.mark(id, { ...mark, at: this.#clock.now() });
    } catch (thrown) {
      throw sinkRejected(this.#runs.name, 'dead-letter sink', thrown);
    }
  }
}

/** Whether an error ends the whole replay: a cancel from outside, or a sink that takes no letters. */
function isEnd(error: unknown): boolean {
  return (
    isInstanceOf(error, PipelineError) && (error.code === 'RUN_CANCELLED' || error.code === 'SINK_REJECTED')
  );
}

declare module '../errors/pipeline-error.js' {
  interface PipelineError {
    /** How far a replay came that this error has ended; not enumerable. */
    readonly tally?: ReplayTally;
  }
}
