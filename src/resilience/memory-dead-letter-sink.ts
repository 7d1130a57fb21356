import { checkOptions, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { DeadLetterEnvelope, DeadLetterSink } from '../ports/dead-letter-sink.js';

/**
 * Keeps dead letters in memory, up to a capacity; it refuses loudly instead of dropping one.
 *
 * @example
 * {@includeCode ../../examples/api/memory-dead-letter-sink.ts}
 */
export class MemoryDeadLetterSink implements DeadLetterSink {
  readonly #capacity: number;
  #envelopes: DeadLetterEnvelope[] = [];

  /** @param options `capacity`: how many envelopes it holds, default 1,000. */
  constructor(options: { readonly capacity?: number | undefined } = {}) {
    checkOptions('MemoryDeadLetterSink', options, { capacity: rule.positiveInteger });
    this.#capacity = options.capacity ?? 1000;
  }

  /** The envelopes, in the order of their arrival. */
  get envelopes(): readonly DeadLetterEnvelope[] {
    return this.#envelopes;
  }

  /**
   * Keeps an envelope.
   *
   * @throws {@link PipelineError} `DEAD_LETTER_FULL` when the capacity is reached.
   */
  write(envelope: DeadLetterEnvelope): void {
    if (this.#envelopes.length >= this.#capacity) {
      throw new PipelineError('DEAD_LETTER_FULL', {
        path: envelope.path,
        problem: `The dead-letter sink holds its ${String(this.#capacity)} envelopes already.`,
        remedy: 'Take envelopes out with clear, raise its capacity, or use a sink that writes them down.',
      });
    }
    this.#envelopes.push(envelope);
  }

  /** Reads the envelopes that are there now. */
  async *read(): AsyncIterable<DeadLetterEnvelope> {
    yield* [...this.#envelopes];
  }

  /** Empties the sink and gives what it held. */
  clear(): readonly DeadLetterEnvelope[] {
    const held = this.#envelopes;
    this.#envelopes = [];
    return held;
  }
}
