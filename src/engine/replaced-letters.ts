import type {
  DeadLetterEnvelope,
  DeadLetterSink,
  ReplayableDeadLetterSink,
} from '../ports/dead-letter-sink.js';
import type { PreparedLetter } from './letter-runs.js';

/** Takes the letters that are written while a letter is run again; the first of them takes its place in the sink. */
export class ReplacedLetters implements DeadLetterSink {
  #attempts: number | undefined;

  constructor(
    private readonly sink: ReplayableDeadLetterSink,
    private readonly prepared: PreparedLetter,
  ) {}

  get hasLetters(): boolean {
    return this.#attempts !== undefined;
  }

  /** All tries of the item, those of earlier runs included; undefined while no letter was written. */
  get attempts(): number | undefined {
    return this.#attempts;
  }

  async write(envelope: DeadLetterEnvelope): Promise<void> {
    const { letter } = this.prepared;
    const moved = this.#movedUnder(envelope);
    const isFirst = this.#attempts === undefined;
    const attempts = letter.attempts + envelope.attempts;
    this.#attempts ??= attempts;
    await this.sink.write(
      Object.freeze(
        isFirst
          ? { ...moved, id: letter.id, attempts, replays: letter.replays }
          : { ...moved, replays: letter.replays },
      ),
    );
  }

  /** The letter with the paths that it would have in the pipeline around, from which the original comes. */
  #movedUnder(envelope: DeadLetterEnvelope): DeadLetterEnvelope {
    const { letter, entry } = this.prepared;
    const moved = (path: string): string => [entry.above, ...path.split('/').slice(1)].join('/');
    const decidedAt = moved(envelope.decidedAt);
    const placed = {
      ...envelope,
      path: moved(envelope.path),
      decidedAt,
      pipelineNames: [...entry.namesAbove, ...envelope.pipelineNames],
    };
    // A composite on the way got the item of the node inside of it: the letter stays one of that node.
    const isOnTheWay = letter.decidedAt.startsWith(`${decidedAt}/`);
    return isOnTheWay
      ? { ...placed, item: letter.item, decidedAt: letter.decidedAt, mapped: letter.mapped }
      : placed;
  }
}
