import type { ErrorRecord } from './error-record.js';

/** The dictionaries of the context in which an item failed, as plain objects. */
export interface DeadLetterContext {
  /** As they were when the item failed for good; the values are frozen. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** As they were when the item failed for good; the values are frozen. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** The names of the context items; live services are not written down. */
  readonly items: readonly string[];
  /** Entries of which a sink could keep only a text, such as `parameters.client`; a replay leaves them out. */
  readonly asText?: readonly string[] | undefined;
}

/** One attempt to run a dead letter again, and how it ended. */
export interface DeadLetterReplay {
  /** The run that the letter had to itself. */
  readonly runId: string;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  /** `released`: the replay was cancelled before the letter had ended. */
  readonly outcome: 'succeeded' | 'failedAgain' | 'released';
}

/** A failed item with all that is needed to understand it and to run it again. */
export interface DeadLetterEnvelope {
  /** The form of the envelope; another number was written by another version of the library. */
  readonly version: 1;
  /** Identifies this envelope; an item that fails again in a replay keeps the id of its letter. */
  readonly id: string;
  /** The item as the deciding node or composite got it. */
  readonly item: unknown;
  /** What failed, as data: the `NODE_FAILED` with the original under `cause`. */
  readonly error: ErrorRecord;
  /** The node where it failed. */
  readonly path: string;
  /** The node or composite whose policy decided. */
  readonly decidedAt: string;
  /** The run of the node or composite that decided. */
  readonly runId: string;
  /** The execution of the node that decided; the item may have failed in a child of that execution. */
  readonly pipelineId: string;
  /** The pipeline of the node that decided. */
  readonly pipelineName: string;
  /** The pipelines along `path`, the one of the run first; an empty text for a node whose fallback follows. */
  readonly pipelineNames: readonly string[];
  /** The item's correlation id, where lineage is on. */
  readonly correlationId?: string | undefined;
  /** All tries, the first and those of replays included. */
  readonly attempts: number;
  /** When the policy had decided, after the last try. */
  readonly failedAt: Date;
  /** The data of the execution in which it failed, which a child may have changed for itself. */
  readonly context: DeadLetterContext;
  /** True where the deciding composite has `input`: the item is the parent's, and its child never saw it. */
  readonly mapped?: true | undefined;
  /** Where a sink could keep only a text of a part of the item, such as `.order.check`; such an item cannot run again. */
  readonly asText?: readonly string[] | undefined;
  /** How often it was run again, the earliest first. */
  readonly replays: readonly DeadLetterReplay[];
}

/**
 * Receives items that failed for good; a returned promise is awaited.
 *
 * Items that fail in a child whose composite may try again come once the try in which they failed has succeeded.
 */
export interface DeadLetterSink {
  /** Takes one envelope. A sink that throws ends the run with `SINK_REJECTED`. */
  write(envelope: DeadLetterEnvelope): unknown;
}

/** What a replay says about a letter. */
export interface DeadLetterMark {
  /** `claimed`: it is about to run; the others say how that ended. */
  readonly outcome: 'claimed' | DeadLetterReplay['outcome'];
  /** All tries so far, those of replays included. */
  readonly attempts: number;
  /** The run that the letter has to itself. */
  readonly runId: string;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/** What the letters that are read must have; a field that is left out may be anything. */
export interface DeadLetterFields {
  /** The `path` of the letter: the node where it failed. */
  readonly path?: string | undefined;
  /** The `runId` of the letter: the run in which it failed. */
  readonly runId?: string | undefined;
}

/** Chooses letters: by fields, which a database looks up in an index, or by a function, which answers at once. */
export type DeadLetterFilter = ((envelope: DeadLetterEnvelope) => boolean) | DeadLetterFields;

/**
 * A sink whose letters can be read and run again.
 *
 * `write` replaces a letter of the same id: the new one stands at the end, and needs no room of its own.
 */
export interface ReplayableDeadLetterSink extends DeadLetterSink {
  /**
   * Reads the letters that have not succeeded in a replay, in the order of their arrival.
   *
   * Letters that come while others are read are left out; of one that leaves or is replaced meanwhile, that may be too.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` at the first letter, for a filter that is none.
   */
  read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope>;
  /**
   * Notes what a replay does with a letter.
   *
   * Answers `false`, or a promise of it, to a claim that cannot be had: the letter has succeeded or is gone, or another
   * claim stands that is less than ten minutes older. An end frees the letter where it is told by the run that holds the
   * claim; told later than that, it leaves the claim of another one alone.
   */
  mark(id: string, mark: DeadLetterMark): unknown;
}

/** A sink over a database. Whoever made it closes it; after that each call rejects with `STORE_UNAVAILABLE`. */
export interface StoredDeadLetterSink extends ReplayableDeadLetterSink {
  /** Resolves once the letter is stored. */
  write(envelope: DeadLetterEnvelope): Promise<void>;
  /** Resolves once the mark is stored; with `false` for a claim that cannot be had, and for a letter that is gone. */
  mark(id: string, mark: DeadLetterMark): Promise<boolean>;
  /** Frees the file, or the connections. */
  close(): Promise<void>;
}

/** Which letters a sink in a database keeps; the others are dropped, the eldest first, and that is told. Default: all are kept. */
export interface DeadLetterRetention {
  /** Letters that were written longer ago are dropped. */
  readonly ageMs?: number | undefined;
  /** The most letters that are kept. Of more than a hundred there may be a hundredth more for a while. */
  readonly count?: number | undefined;
}

/**
 * Completes or replaces an envelope before the sink gets it; applied also to the runner's own sink.
 *
 * It answers at once: one that throws, or gives a promise, ends the run with `SINK_REJECTED`.
 */
export type DeadLetterDecorator = (envelope: DeadLetterEnvelope) => DeadLetterEnvelope;
