// The user's code of a program: nodes that do what the program says and tell the recorder.
import { SKIP, type PipelineContext, type Skip } from 'heirline';
import { nextTurn } from '../../integration/support/harness.js';
import type { Item, StreamOp, Thrown, Work } from './fuzz-program.js';
import { count, type Recorder } from './fuzz-recorder.js';

/** Where a node stands. */
export interface Place {
  readonly path: string;
  readonly id: string;
  readonly recorder: Recorder;
}

type Call<TResult> = (item: Item, context: PipelineContext) => TResult;

/** The function of a transform. */
export function transformOf(
  place: Place,
  work: Work,
  isLimited: boolean,
): Call<Item | Skip | Promise<Item | Skip>> {
  return callOf(place, work, isLimited, (item) =>
    work.skip > 0 && item.value % work.skip === 0
      ? SKIP
      : { value: (item.value + work.add) % 1_000, way: `${item.way} ${place.path}` },
  );
}

/** The function of a sink. */
export function sinkOf(place: Place, work: Work, isLimited: boolean): Call<unknown> {
  const got = place.recorder.sinks.get(place.path) ?? [];
  place.recorder.sinks.set(place.path, got);
  return callOf(place, work, isLimited, (item) => {
    got.push(item);
    return item;
  });
}

function callOf(
  { path, recorder }: Place,
  work: Work,
  isLimited: boolean,
  answer: (item: Item) => Item | Skip,
): Call<Item | Skip | Promise<Item | Skip>> {
  return (item, context) => {
    const tries = recorder.enter(path, item, context);
    if (work.disposes) recorder.register(context);
    const finish = (): Item | Skip => {
      if (work.fails > 0 && item.value % work.fails === 0 && tries <= work.times) {
        recorder.leave(path, context, 'threw');
        throw thrownValue(work.thrown, path);
      }
      const given = answer(item);
      recorder.leave(path, context, given === SKIP ? 'skipped' : 'returned');
      return given;
    };
    if (isLimited && work.hangs > 0 && item.value % work.hangs === 0) {
      return untilAborted(context.signal).then(() => {
        recorder.leave(path, context, 'threw');
        throw new Error('aborted');
      });
    }
    switch (work.pace) {
      case 'sync':
        return finish();
      case 'async':
        return Promise.resolve().then(finish);
      case 'mixed':
        return item.value % 2 === 0 ? finish() : Promise.resolve().then(finish);
      case 'turns':
        return isLimited ? Promise.resolve().then(finish) : nextTurn().then(finish);
      case 'thenable':
        return thenableOf(finish);
    }
  };
}

function thenableOf<T>(finish: () => T): Promise<T> {
  const thenable: PromiseLike<T> = {
    then(fulfilled, rejected) {
      return Promise.resolve().then(finish).then(fulfilled, rejected);
    },
  };
  // Awaited like a promise, though it is none.
  return thenable as Promise<T>;
}

/** Settles when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener('abort', () => {
        resolve();
      });
  });
}

function thrownValue(kind: Thrown, path: string): unknown {
  switch (kind) {
    case 'error':
      return new RangeError(`${path} does not work`);
    case 'text':
      return 'it does not work';
    case 'nothing':
      return undefined;
    case 'revoked': {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    }
    case 'getter':
      return Object.defineProperties(new Error('hidden'), {
        message: { get: refuse },
        cause: { get: refuse },
      });
    case 'sealed':
      return new Proxy(new Error('sealed'), { get: refuse, getPrototypeOf: refuse });
  }
}

function refuse(): never {
  throw new Error('this cannot be looked at');
}

/** The async generator function of a stream transform. */
export function streamOf(place: Place, op: StreamOp) {
  const { path, recorder } = place;
  return async function* (items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    recorder.happens(`the code of ${path}`);
    count(recorder.opened, path);
    const made = (item: Item): Item => ({ value: item.value, way: `${item.way} ${path}` });
    const kept: Item[] = [];
    let taken = 0;
    try {
      for await (const item of items) {
        taken += 1;
        recorder.callsAt(path).started += 1;
        switch (op.type) {
          case 'fail':
            if (taken === op.count) throw new Error(`${path} has had ${op.count}`);
            yield made(item);
            break;
          case 'take':
            yield made(item);
            if (taken === op.count) return;
            break;
          case 'filter':
            if (item.value % (op.count + 1) !== 0) yield made(item);
            break;
          case 'repeat':
            for (let time = 0; time < op.count; time += 1) yield made({ ...item, value: item.value + time });
            break;
          case 'batch':
            kept.push(item);
            if (kept.length === op.count) yield made(sumOf(kept.splice(0)));
            break;
          case 'hold':
            kept.push(item);
            if (kept.length > op.count) yield* kept.splice(0, 1).map(made);
        }
      }
      if (op.type === 'batch' && kept.length > 0) yield made(sumOf(kept.splice(0)));
      for (const item of kept) yield made(item);
    } finally {
      count(recorder.closed, path);
    }
  };
}

function sumOf(items: readonly Item[]): Item {
  const sum = items.reduce((total, { value }) => total + value, 0);
  return { value: sum % 1_000, way: items[0]?.way ?? '' };
}

/** Reads so many items, or all with 0. */
export function streamSinkOf({ path, recorder }: Place, reads: number) {
  const got = recorder.sinks.get(path) ?? [];
  recorder.sinks.set(path, got);
  return async (items: AsyncIterable<Item>): Promise<void> => {
    recorder.happens(`the code of ${path}`);
    let taken = 0;
    for await (const item of items) {
      recorder.callsAt(path).started += 1;
      got.push(item);
      taken += 1;
      if (taken === reads) return;
    }
  };
}
