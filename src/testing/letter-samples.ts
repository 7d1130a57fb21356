import type {
  DeadLetterEnvelope,
  DeadLetterFilter,
  DeadLetterMark,
  ReplayableDeadLetterSink,
} from '../ports/dead-letter-sink.js';

/** A sink, and how it is closed, where it can be. */
export type TestedSink = ReplayableDeadLetterSink & { close?(): unknown };

/** One thing that must be true of a sink. */
export type LetterCase = (samples: LetterSamples) => Promise<void>;

/** A moment of the clock that marks go by. */
export const MARKED_AT = 1_700_000_000_000;

/** Letters for one case, and what it asks of the sink. */
export class LetterSamples {
  #made = 0;

  constructor(readonly sink: TestedSink) {}

  /** A letter as a run writes it, with an id of its own. */
  letter(fields: Partial<DeadLetterEnvelope> = {}): DeadLetterEnvelope {
    this.#made += 1;
    return {
      version: 1,
      id: `letter-${String(this.#made)}`,
      item: this.#made,
      error: {
        name: 'PipelineError',
        code: 'NODE_FAILED',
        message: 'the node failed',
        path: 'orders/check',
        cause: { name: 'Error', message: 'no answer' },
      },
      path: 'orders/check',
      decidedAt: 'orders/check',
      runId: 'run-1',
      pipelineId: 'pipeline-1',
      pipelineName: 'orders',
      pipelineNames: ['orders'],
      attempts: 1,
      failedAt: new Date(MARKED_AT - 1000 + this.#made),
      context: { parameters: {}, properties: {}, items: [] },
      replays: [],
      ...fields,
    };
  }

  /** Writes a letter, and gives it. */
  async write(fields: Partial<DeadLetterEnvelope> = {}): Promise<DeadLetterEnvelope> {
    const letter = this.letter(fields);
    await this.sink.write(letter);
    return letter;
  }

  /** Writes some letters, one after the other; gives their ids. */
  async writeSome(count: number): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let written = 0; written < count; written += 1) ids.push((await this.write()).id);
    return ids;
  }

  /** All letters that the sink gives. */
  async read(filter?: DeadLetterFilter): Promise<readonly DeadLetterEnvelope[]> {
    const letters: DeadLetterEnvelope[] = [];
    for await (const letter of this.sink.read(filter)) letters.push(letter);
    return letters;
  }

  /** The ids of all letters that the sink gives. */
  async ids(filter?: DeadLetterFilter): Promise<readonly string[]> {
    return (await this.read(filter)).map(({ id }) => id);
  }

  /** Says what a replay does with a letter; gives whether the sink agrees. */
  async mark(
    id: string,
    outcome: DeadLetterMark['outcome'],
    fields: Partial<DeadLetterMark> = {},
  ): Promise<boolean> {
    const mark = { outcome, attempts: 2, runId: 'replay-1', at: MARKED_AT, ...fields };
    return (await this.sink.mark(id, mark)) !== false;
  }
}
