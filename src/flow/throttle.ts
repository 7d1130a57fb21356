import type { PipelineContext } from '../context/pipeline-context.js';
import { rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { OperatorCore, OperatorPort, Origin } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import { foundBy } from '../nodes/flow-key.js';
import type { FlowKey, FoundKey } from '../nodes/flow-key.js';
import { checkGiven } from './given-options.js';
import { weightFrom } from './item-weight.js';
import { DEFAULT_MAX_KEYS, tooManyKeys } from './key-limit.js';
import { amountRule } from './numbers.js';

/** Options of {@link throttle}. */
export interface ThrottleOptions<in T> {
  /** How many items, or how much weight, may pass in each `perMs`. */
  readonly items: number;
  /** The time for so many items, in milliseconds. */
  readonly perMs: number;
  /** Items of different keys are counted apart. An item that waits holds back those behind it, of all keys. */
  readonly key?: ((item: T, context: PipelineContext) => FlowKey) | undefined;
  /** What an item counts for: 0 or more, such as its tokens. Default: 1. */
  readonly weight?: ((item: T, context: PipelineContext) => number) | undefined;
  /** How much may pass at once after a pause. Default: `items`. */
  readonly burst?: number | undefined;
  /** How many keys are counted at once; those that may use their whole burst are forgotten. Default: 100,000. */
  readonly maxKeys?: number | undefined;
}

/**
 * Lets items pass at a pace; those that come faster wait, and none is left out. Measured by the clock of the run.
 *
 * A bucket of `burst` tokens is full at first, and gets one token more each `perMs / items`. An item takes as many as it
 * weighs, and waits until they are there. One that weighs more than `burst` takes a full bucket and leaves a debt, so
 * that the next one waits longer.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/throttle.ts}
 */
export function throttle<T = unknown>(options: ThrottleOptions<T>): ShapedOperator<T, T, 'same'> {
  checkGiven(
    'throttle',
    options,
    {
      items: amountRule,
      perMs: rule.positiveMilliseconds,
      key: rule.callable,
      weight: rule.callable,
      burst: amountRule,
      maxKeys: rule.capacity,
    },
    ['items', 'perMs'],
  );
  const { items, perMs, key, weight, burst = items } = options;
  const shown = { items, perMs, burst, key: key && 'per item', weight: weight && 'per item' };
  return new FlowOperator<T, T, 'same'>(
    'throttle',
    shown,
    (port, context) => new ThrottleCore(port, context, options as ThrottleOptions<unknown>),
  );
}

/** The tokens of one key, as they were at a time. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** So many buckets are kept without a look at which are full. */
const FEW_BUCKETS = 1_000;

/** Lets each item wait until its bucket has enough tokens. */
class ThrottleCore implements OperatorCore {
  readonly #port: OperatorPort;
  readonly #context: PipelineContext;
  readonly #options: ThrottleOptions<unknown>;
  readonly #burst: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<FoundKey, Bucket>();
  #tidyAt: number;

  constructor(port: OperatorPort, context: PipelineContext, options: ThrottleOptions<unknown>) {
    this.#port = port;
    this.#context = context;
    this.#options = options;
    this.#burst = options.burst ?? options.items;
    this.#maxKeys = options.maxKeys ?? DEFAULT_MAX_KEYS;
    this.#tidyAt = Math.min(FEW_BUCKETS, this.#maxKeys);
  }

  push(item: unknown, origin: Origin): unknown {
    const { weight, key } = this.#options;
    // Both are asked before anything is changed: either may throw.
    const tokens = weight === undefined ? 1 : weightFrom(weight(item, this.#context), "'weight' of throttle");
    const callback = "'key' of throttle";
    const found =
      key === undefined ? undefined : foundBy(atOnce(key(item, this.#context), callback), callback);
    const nowMs = this.#port.now();
    const bucket = this.#bucketOf(found, nowMs);
    const waitMs = (Math.min(tokens, this.#burst) - bucket.tokens) / this.#perMs;
    bucket.tokens -= tokens;
    if (waitMs <= 0) return this.#port.pass(item, origin);
    return this.#port.waitUntil(nowMs + waitMs).then(() => this.#port.pass(item, origin));
  }

  end(): undefined {
    return undefined;
  }

  /** How many tokens come in a millisecond. */
  get #perMs(): number {
    return this.#options.items / this.#options.perMs;
  }

  /** The bucket of a key, with the tokens that it has by now. */
  #bucketOf(key: FoundKey, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known === undefined) {
      if (this.#buckets.size >= this.#tidyAt) this.#forgetFull(nowMs);
      const bucket = { tokens: this.#burst, atMs: nowMs };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    known.tokens = this.#tokensAt(known, nowMs);
    known.atMs = nowMs;
    return known;
  }

  #tokensAt({ tokens, atMs }: Bucket, nowMs: number): number {
    return Math.min(this.#burst, tokens + Math.max(nowMs - atMs, 0) * this.#perMs);
  }

  /** Forgets the buckets that are full, since a new one is the same. */
  #forgetFull(nowMs: number): void {
    for (const [key, bucket] of this.#buckets)
      if (this.#tokensAt(bucket, nowMs) >= this.#burst) this.#buckets.delete(key);
    const { size } = this.#buckets;
    if (size >= this.#maxKeys) throw tooManyKeys('throttle', this.#maxKeys);
    this.#tidyAt = Math.min(Math.max(FEW_BUCKETS, 2 * size), this.#maxKeys);
  }
}
