import { checkOptions, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type {
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterMark,
  ReplayableDeadLetterSink,
} from '../ports/dead-letter-sink.js';
import { LetterClaims, markedLetter } from './letter-claims.js';
import { letterTest } from './letter-filter.js';

/**
 * Keeps dead letters in memory, up to a capacity; it refuses loudly instead of dropping one.
 *
 * The items are the very objects that failed. A letter that succeeds in a replay leaves the sink.
 *
 * @example
 * {@includeCode ../../examples/api/memory-dead-letter-sink.ts}
 */
export class MemoryDeadLetterSink implements ReplayableDeadLetterSink {
  readonly #capacity: number;
  #envelopes = new Map<string, DeadLetterEnvelope>();
  readonly #claims = new LetterClaims();

  /** @param options `capacity`: how many envelopes it holds, default 1,000. */
  constructor(options: { readonly capacity?: number | undefined } = {}) {
    checkOptions('MemoryDeadLetterSink', options, { capacity: rule.positiveInteger });
    this.#capacity = options.capacity ?? 1000;
  }

  /** The envelopes, in the order of their arrival. */
  get envelopes(): readonly DeadLetterEnvelope[] {
    return [...this.#envelopes.values()];
  }

  /**
   * Keeps an envelope; one of the same id is replaced, which needs no room.
   *
   * @throws {@link PipelineError} `DEAD_LETTER_FULL` when the capacity is reached.
   */
  write(envelope: DeadLetterEnvelope): void {
    const isReplacing = this.#envelopes.delete(envelope.id);
    if (!isReplacing && this.#envelopes.size >= this.#capacity) {
      throw new PipelineError('DEAD_LETTER_FULL', {
        path: envelope.path,
        problem: `The dead-letter sink holds its ${String(this.#capacity)} envelopes already.`,
        remedy: 'Take envelopes out with clear, raise its capacity, or use a sink that writes them down.',
      });
    }
    this.#envelopes.set(envelope.id, envelope);
  }

  /** Reads the envelopes that are there now and that the filter takes; one that leaves meanwhile is left out. */
  async *read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
    const takes = letterTest(filter);
    for (const id of [...this.#envelopes.keys()]) {
      const envelope = this.#envelopes.get(id);
      if (envelope !== undefined && takes(envelope)) yield envelope;
    }
  }

  /** Notes what a replay does with a letter; `false` for a claim that cannot be had. */
  mark(id: string, mark: DeadLetterMark): boolean {
    const envelope = this.#envelopes.get(id);
    if (envelope === undefined) return false;
    if (mark.outcome === 'claimed') return this.#claims.take(id, mark);
    this.#claims.end(id, mark);
    if (mark.outcome === 'succeeded') this.#envelopes.delete(id);
    else this.#envelopes.set(id, markedLetter(envelope, mark));
    return true;
  }

  /** Empties the sink and gives what it held. */
  clear(): readonly DeadLetterEnvelope[] {
    const held = this.envelopes;
    this.#envelopes = new Map();
    this.#claims.clear();
    return held;
  }
}
