import { PipelineError } from '../errors/pipeline-error.js';
import type { Clock } from '../ports/clock.js';
import { Bulkhead } from './bulkhead.js';
import type { BulkheadNumbers } from './bulkhead.js';
import { Circuit } from './circuit.js';
import type { CircuitState } from './circuit.js';
import { breakerText, haveEqualNumbers } from './circuit-breaker.js';
import type { CircuitBreaker } from './circuit-breaker.js';

/** A circuit breaker, and where in a pipeline it stands. */
export interface BreakerPlace {
  readonly path: string;
  readonly breaker: CircuitBreaker;
}

/** The state of a circuit at one path. */
export interface CircuitStatus {
  /** The node or composite. */
  readonly path: string;
  /** The name under which the circuit is shared. */
  readonly name?: string;
  /** `open` also after its time, until the next call comes. */
  readonly state: CircuitState;
  /** Until when calls are refused, in milliseconds since the epoch; only while open. */
  readonly openUntil?: number;
}

interface Place extends BreakerPlace {
  readonly circuit: Circuit;
}

/** The circuits and bulkheads of a runner, by path: all its runs share them. */
export class RunnerCircuits {
  readonly #places = new Map<string, Place>();
  readonly #named = new Map<string, Circuit>();
  readonly #bulkheads = new Map<string, Bulkhead>();

  /** @param clock measures windows and pauses for as long as the runner lives. */
  constructor(private readonly clock: Clock) {}

  /**
   * Checks the breakers of a tree before their circuits are made.
   *
   * @param places from the root down; below a composite that has just been described, its child's.
   * @throws {@link PipelineError} `OPTION_INVALID` where one name has unequal numbers, or stands below itself.
   */
  check(places: readonly BreakerPlace[]): void {
    const here = new Set(places.map(({ path }) => path));
    const others = [...this.#places.values()].filter(({ path }) => !here.has(path));
    const problems = places.flatMap((place, index) =>
      problemsBeside(place, [...places.slice(0, index), ...others]),
    );
    const [first] = problems;
    if (first === undefined) return;
    throw new PipelineError('OPTION_INVALID', {
      path: first.path,
      problem: `Wrong circuit breakers: ${problems.map(({ problem }) => problem).join('; ')}.`,
      remedy:
        'Give breakers of one name equal numbers, and none of them to what stands below another, or other names.',
    });
  }

  /** The circuit of a breaker; the one that stood at its path before, if the numbers are the same. */
  circuitAt(path: string, breaker: CircuitBreaker): Circuit {
    const { name, numbers } = breaker;
    const known = name === undefined ? this.#unnamedAt(path) : this.#named.get(name);
    const circuit =
      known !== undefined && haveEqualNumbers(known.numbers, numbers)
        ? known
        : new Circuit(numbers, this.clock);
    this.#places.set(path, { path, breaker, circuit });
    if (name !== undefined) this.#named.set(name, circuit);
    return circuit;
  }

  /** The bulkhead of a node; the one that stood at its path before, if the numbers are the same. */
  bulkheadAt(path: string, numbers: BulkheadNumbers): Bulkhead {
    const known = this.#bulkheads.get(path);
    if (known?.numbers.concurrent === numbers.concurrent && known.numbers.queue === numbers.queue)
      return known;
    const bulkhead = new Bulkhead(numbers);
    this.#bulkheads.set(path, bulkhead);
    return bulkhead;
  }

  /** The states of all circuits, one entry for each path. */
  list(nowMs: number): readonly CircuitStatus[] {
    return Object.freeze(
      [...this.#places.values()].map(({ path, breaker: { name }, circuit }) =>
        Object.freeze({
          path,
          ...(name === undefined ? {} : { name }),
          state: circuit.state,
          ...(circuit.state === 'open' ? { openUntil: nowMs + circuit.leftMs } : {}),
        }),
      ),
    );
  }

  #unnamedAt(path: string): Circuit | undefined {
    const place = this.#places.get(path);
    return place?.breaker.name === undefined ? place?.circuit : undefined;
  }
}

/** What is wrong with a breaker beside others of its name. */
function problemsBeside(
  { path, breaker }: BreakerPlace,
  others: readonly BreakerPlace[],
): { readonly path: string; readonly problem: string }[] {
  const { name, numbers } = breaker;
  if (name === undefined) return [];
  const namesakes = others.filter((other) => other.breaker.name === name);
  const unequal = namesakes.find((other) => !haveEqualNumbers(other.breaker.numbers, numbers));
  const around = namesakes.find((other) => path.startsWith(`${other.path}/`));
  return [
    ...(unequal === undefined
      ? []
      : [
          {
            path,
            problem: `at '${path}' ${breakerText(breaker)}, but at '${unequal.path}' ${breakerText(unequal.breaker)}`,
          },
        ]),
    ...(around === undefined
      ? []
      : [
          {
            path,
            problem: `'${name}' at '${path}' stands below itself, at '${around.path}': a call that tries whether the circuit may close would wait for itself`,
          },
        ]),
  ];
}
