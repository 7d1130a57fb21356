import type { Readable } from 'node:stream';
import type { DeadLetterEnvelope, ExecutionEvent, ExecutionObserver, PipelineContext } from 'heirline';
import type { Item } from './fuzz-program.js';

/** How the calls of one node went, as its own code saw them. */
export interface Calls {
  started: number;
  returned: number;
  skipped: number;
  threw: number;
}

/** Sees what a run does, from inside the user's code and from the observer. */
export class Recorder {
  readonly calls = new Map<string, Calls>();
  readonly sinks = new Map<string, Item[]>();
  readonly outputs: Item[] = [];
  readonly letters: DeadLetterEnvelope[] = [];
  readonly events: ExecutionEvent[] = [];
  /** How many items each source has given. */
  readonly given = new Map<string, number>();
  readonly opened = new Map<string, number>();
  readonly closed = new Map<string, number>();
  readonly readables: [path: string, readable: Readable][] = [];
  readonly constructed = new Map<string, number>();
  readonly initialised = new Map<string, number>();
  readonly disposed = new Map<string, number>();
  readonly flushed = new Map<string, number>();
  /** The disposers that nodes registered, and those that ran, by execution. */
  readonly registered = new Map<string, number[]>();
  readonly disposersRun = new Map<string, number[]>();
  /** What was done after the run had settled, and what was done too early. */
  readonly wrong: string[] = [];
  /** The disposers that ran while a call of their execution was under way. */
  readonly disposedBeside: string[] = [];
  isOver = false;
  readonly #tries = new Map<string, WeakMap<Item, number>>();
  readonly #underWay = new Map<string, number>();
  #number = 0;

  constructor(
    private readonly cancelAtCall: number,
    private readonly cancel: () => void,
  ) {}

  readonly observer: ExecutionObserver = Object.fromEntries(
    eventTypes.map((type) => [
      type,
      (event: ExecutionEvent) => {
        this.#see(event);
      },
    ]),
  );

  /** Notes that something of the user's has begun; after the end nothing may. */
  happens(what: string): void {
    if (this.isOver) this.wrong.push(`after the end: ${what}`);
  }

  /** A call begins; gives the number of this try of the item. */
  enter(path: string, item: Item, context: PipelineContext): number {
    this.happens(`a call of ${path}`);
    if (context.signal.aborted) this.wrong.push(`a call of ${path} began with an aborted signal`);
    this.callsAt(path).started += 1;
    count(this.#underWay, context.pipelineId, 1);
    this.#number += 1;
    if (this.#number === this.cancelAtCall) this.cancel();
    const tries = this.#tries.get(path) ?? new WeakMap<Item, number>();
    this.#tries.set(path, tries);
    const number = (tries.get(item) ?? 0) + 1;
    tries.set(item, number);
    return number;
  }

  /** A call ends. */
  leave(path: string, context: PipelineContext, how: 'returned' | 'skipped' | 'threw'): void {
    this.callsAt(path)[how] += 1;
    count(this.#underWay, context.pipelineId, -1);
  }

  callsAt(path: string): Calls {
    const known = this.calls.get(path) ?? { started: 0, returned: 0, skipped: 0, threw: 0 };
    this.calls.set(path, known);
    return known;
  }

  register(context: PipelineContext): void {
    const { pipelineId } = context;
    const number = listAt(this.registered, pipelineId).length;
    listAt(this.registered, pipelineId).push(number);
    context.onDispose(() => {
      this.happens('a disposer');
      listAt(this.disposersRun, pipelineId).push(number);
      if ((this.#underWay.get(pipelineId) ?? 0) > 0) {
        this.disposedBeside.push(`a disposer of ${context.path} ran beside a call of its execution`);
      }
    });
  }

  #see(event: ExecutionEvent): void {
    this.happens(`the event ${event.type} of ${event.path}`);
    this.events.push(event);
  }
}

const eventTypes = [
  ...(['pipelineStarted', 'pipelineCompleted', 'pipelineFailed', 'nodeStarted', 'nodeCompleted'] as const),
  ...(['itemFailed', 'itemRetried', 'itemSkipped', 'itemDeadLettered'] as const),
  ...(['compositeStarted', 'compositeCompleted'] as const),
] as const;

/** Adds to a number that is kept at a key. */
export function count(map: Map<string, number>, key: string, by = 1): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

function listAt(map: Map<string, number[]>, key: string): number[] {
  const known = map.get(key) ?? [];
  map.set(key, known);
  return known;
}
