import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** Something of one run that was found in another one. */
export interface IsolationCrossing {
  /** Where it was found: `item.tenant`, `output`, `parameters.city`, `session.user`, `currentContext` and the like. */
  readonly key: string;
  /** The node at or after which it was found. */
  readonly path: string;
  /** The run in which it was found; runs are counted from 0. */
  readonly ownRun: number;
  /** The run that it belongs to. */
  readonly foreignRun: number;
  /** What it is in the run that it belongs to: `tenantId`, `secrets.API_KEY`, `parameters.customer` and the like. */
  readonly origin: string;
}

/** What an {@link IsolationError} is made of. */
interface IsolationFailure {
  readonly crossings: readonly IsolationCrossing[];
  readonly name: string;
  readonly runs: number;
  readonly seed: number;
  /** What a run has failed with, and which. */
  readonly failed: { readonly run: number; readonly error: unknown } | undefined;
}

/** So many places are named in the message. */
const MOST_PLACES = 10;

/**
 * What `expectIsolation` rejects with: something has crossed, or a run has failed so that nothing is proven.
 *
 * @example
 * {@includeCode ../../examples/api/expect-isolation.ts}
 */
export class IsolationError extends PipelineError {
  /** In the order in which they were found; empty where a run has failed for another reason. */
  readonly crossings: readonly IsolationCrossing[];
  /** To repeat the test with. */
  readonly seed: number;

  /** @hidden */
  constructor({ crossings, name, runs, seed, failed }: IsolationFailure) {
    const [first] = crossings;
    const where = `${runs} runs (seed ${seed})`;
    super('ISOLATION_BROKEN', {
      path:
        first?.path ?? (isInstanceOf(failed?.error, PipelineError) ? failed.error.path : undefined) ?? name,
      ...(first === undefined
        ? {
            problem: `Nothing is proven: of ${where}, run ${failed?.run ?? 0} has failed, and the error is the cause.`,
            remedy: 'Mend it, or give the test what the pipeline needs.',
          }
        : {
            problem: `Something crossed between ${where}:${placesOf(crossings)}\n`,
            remedy:
              'Keep what belongs to one run in its context, its items and nodes that it constructs: not in a module, a shared instance or a worker.',
          }),
      ...(failed === undefined ? {} : { cause: failed.error }),
    });
    this.crossings = Object.freeze([...crossings]);
    this.seed = seed;
  }

  static {
    this.prototype.name = 'IsolationError';
  }
}

/** A line for each key and path. */
function placesOf(crossings: readonly IsolationCrossing[]): string {
  const places = new Map<string, IsolationCrossing[]>();
  for (const crossing of crossings) {
    const place = `${crossing.key} at ${crossing.path}`;
    const known = places.get(place);
    if (known === undefined) places.set(place, [crossing]);
    else known.push(crossing);
  }
  const lines = [...places].slice(0, MOST_PLACES).map(([place, [first, ...more]]) => {
    const { ownRun = 0, foreignRun = 0, origin = '' } = first ?? {};
    const times = more.length === 0 ? '' : `, and ${more.length} more such`;
    return `\n  - ${place}: run ${ownRun} has ${origin} of run ${foreignRun}${times}`;
  });
  const left = places.size - lines.length;
  return `${lines.join('')}${left > 0 ? `\n  - and at ${left} more places` : ''}`;
}
