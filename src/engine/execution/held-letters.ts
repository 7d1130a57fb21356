import { isPromise } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';

/** A dead letter that leaves only once the try in which it was written counts. */
export interface WaitingLetter {
  /** Goes to the sink; gives the error of a sink or decorator that failed. */
  leave(): Promise<PipelineError | undefined>;
  /** Counts the item as failed: the sink, or its decorator, refused it. */
  refused(): void;
  /** Counts the item as given up: the try has failed, and the letter never leaves. */
  giveUp(): void;
}

/** Takes dead letters that must wait; gives the error that ends the run where it takes no more. */
export interface LetterHolder {
  hold(letter: WaitingLetter): PipelineError | undefined;
}

/** How many dead letters one try holds. */
const MOST_HELD = 10_000;

/**
 * The dead letters that were written in one try of a composite that may be tried again.
 *
 * They leave when the try has succeeded. Those of a try that failed never leave: another try writes its own.
 */
export class HeldLetters implements LetterHolder {
  #letters: WaitingLetter[] = [];

  /** @param path the composite's. */
  constructor(private readonly path: string) {}

  hold(letter: WaitingLetter): PipelineError | undefined {
    if (this.#letters.length >= MOST_HELD) return tooManyHeld(this.path);
    this.#letters.push(letter);
    return undefined;
  }

  /** Sends all of them, in order; the first that is refused ends it, and its error is given. */
  async leave(): Promise<PipelineError | undefined> {
    return await this.#each((letter) => letter.leave());
  }

  /** Hands them to a try further out, which may be repeated too; gives the error where that takes no more. */
  async moveTo(outer: LetterHolder): Promise<PipelineError | undefined> {
    return await this.#each((letter) => outer.hold(letter));
  }

  /** Forgets all of them: the try has failed. */
  drop(): void {
    for (const letter of this.#take()) letter.giveUp();
  }

  async #each(
    send: (letter: WaitingLetter) => Promise<PipelineError | undefined> | PipelineError | undefined,
  ): Promise<PipelineError | undefined> {
    let refusal: PipelineError | undefined;
    for (const letter of this.#take()) {
      if (refusal !== undefined) {
        letter.giveUp();
        continue;
      }
      const sent = send(letter);
      refusal = isPromise(sent) ? await sent : sent;
      if (refusal !== undefined) letter.refused();
    }
    return refusal;
  }

  #take(): readonly WaitingLetter[] {
    const letters = this.#letters;
    this.#letters = [];
    return letters;
  }
}

function tooManyHeld(path: string): PipelineError {
  return new PipelineError('DEAD_LETTER_FULL', {
    path,
    problem: `One try of the composite holds ${MOST_HELD.toLocaleString('en')} dead letters, which wait until the try has succeeded.`,
    remedy: 'Give the composite a policy without retry, or fewer items per try.',
  });
}
