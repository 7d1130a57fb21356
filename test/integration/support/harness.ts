import { expect } from 'vitest';
import {
  PipelineError,
  PipelineValidationError,
  type DeadLetterEnvelope,
  type LineageRecord,
  type NoItem,
  type NodeCounts,
  type PipelineBuilder,
  type PipelineDefinition,
  type RunResult,
} from 'heirline';

/** A class that describes a pipeline, with the name that its paths start with. */
export type DefinitionClass<TIn, TOut> = new () => PipelineDefinition<TIn, TOut>;

/** A definition class made of one function, for graphs that depend on what a test chose. */
export function definePipeline<TIn = NoItem, TOut = NoItem>(
  name: string,
  draw: (builder: PipelineBuilder<TIn, TOut>) => void,
): DefinitionClass<TIn, TOut> {
  return class implements PipelineDefinition<TIn, TOut> {
    static readonly pipeline = { name };

    define(builder: PipelineBuilder<TIn, TOut>): void {
      draw(builder);
    }
  };
}

/** A sub-pipeline of one transform: `input` → `node` → `output`. */
export function defineStep<TIn, TOut>(
  name: string,
  node: string,
  step: (item: TIn) => TOut | Promise<TOut>,
): DefinitionClass<TIn, TOut> {
  return definePipeline<TIn, TOut>(name, (builder) => {
    const input = builder.addCompositeInput();
    const transform = builder.addTransform((item: TIn) => step(item), { name: node, from: input });
    builder.connect(transform, builder.addCompositeOutput());
  });
}

/** The error that a piece of work rejects with; a test fails where it resolves or rejects with something else. */
export async function rejectionOf(work: PromiseLike<unknown>): Promise<PipelineError> {
  const outcome: unknown = await work.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  if (!(outcome instanceof PipelineError)) {
    throw new TypeError(`expected a PipelineError, got ${String(outcome)}`);
  }
  return outcome;
}

/** The error that a function throws; a test fails where it returns or throws something else. */
export function errorOf(work: () => unknown): PipelineError {
  try {
    work();
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new TypeError('expected a PipelineError, nothing was thrown');
}

/** Every code that an error stands for: its own, or one per problem where building found several. */
export function codesOf(error: PipelineError): string[] {
  return error instanceof PipelineValidationError ? error.errors.map((each) => each.code) : [error.code];
}

/** The result that an error of a run carries. */
export function resultOf(error: PipelineError): RunResult {
  if (error.result === undefined) throw new TypeError(`${error.code} carries no result`);
  return error.result;
}

/** The code and the result of a run, however it ended; the code of a run that succeeded is `none`. */
export async function outcomeOf(run: Promise<RunResult>): Promise<{ code: string; result: RunResult }> {
  try {
    return { code: 'none', result: await run };
  } catch (error) {
    if (error instanceof PipelineError) return { code: error.code, result: resultOf(error) };
    throw error;
  }
}

/** The counts of the node at a path. */
export function countsAt(result: RunResult, path: string): NodeCounts {
  const counts = result.nodes.get(path);
  if (counts === undefined) {
    throw new TypeError(`no node at '${path}', only at ${[...result.nodes.keys()].join(', ')}`);
  }
  return counts;
}

/** Expects that each node accounts for everything that it took. */
export function expectBalanced(result: RunResult): void {
  for (const [path, counts] of result.nodes) {
    const { out, filtered, deadLettered, failed, cancelled } = counts;
    const parts = { out, filtered, deadLettered, failed, cancelled };
    expect({ path, in: counts.in, ...parts }).toEqual({
      path,
      in: out + filtered + deadLettered + failed + cancelled,
      ...parts,
    });
    expect(Object.values(parts).every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
  }
}

/** Waits a few milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits until the event loop has gone round once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits until a signal is aborted, as a well-behaved node does. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

/** Waits for a signal and then throws its reason, as `fetch` does. */
export async function abortedAsFetchDoes(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw signal.reason;
}

/** A promise that is settled from outside. */
export interface Gate<T = void> {
  readonly opened: Promise<T>;
  open(value: T): void;
}

/** Makes a promise that is settled from outside. */
export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: (value) => {
      open(value);
    },
  };
}

/** Throws anything at all, as code that does not know better does. */
export function throwAnything(value: unknown): never {
  throw value;
}

/** A dead-letter sink that keeps what it gets. */
export class KeptLetters {
  readonly envelopes: DeadLetterEnvelope[] = [];

  write(envelope: DeadLetterEnvelope): void {
    this.envelopes.push(envelope);
  }
}

/** A lineage sink that keeps what it gets. */
export class KeptLineage {
  readonly records: LineageRecord[] = [];

  record(record: LineageRecord): void {
    this.records.push(record);
  }

  /** The records that end an item, by correlation id. */
  terminals(): Map<string, LineageRecord[]> {
    const byId = new Map<string, LineageRecord[]>();
    for (const record of this.records) {
      if (!record.terminal) continue;
      byId.set(record.correlationId, [...(byId.get(record.correlationId) ?? []), record]);
    }
    return byId;
  }
}

/** Collects promises that nobody handled while a piece of work ran. */
export async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', note);
  try {
    await work();
    await nextTurn();
    await nextTurn();
  } finally {
    process.off('unhandledRejection', note);
  }
  return unhandled;
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Everything that an asynchronous iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
