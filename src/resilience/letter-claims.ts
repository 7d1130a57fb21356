import type { DeadLetterEnvelope, DeadLetterMark } from '../ports/dead-letter-sink.js';

/** How long a claim holds: one of a process that has ended gives the letter free. */
export const CLAIM_MS = 10 * 60 * 1000;

/** The letters of a sink that are being run again, and by which run. */
export class LetterClaims {
  readonly #claims = new Map<string, Pick<DeadLetterMark, 'runId' | 'at'>>();

  /** Claims a letter; false where another claim still keeps it. */
  take(id: string, { runId, at }: DeadLetterMark): boolean {
    const standing = this.#claims.get(id);
    if (standing !== undefined && at - standing.at < CLAIM_MS) return false;
    this.#claims.set(id, { runId, at });
    return true;
  }

  /** Gives up the claim of a run, where it still stands. */
  end(id: string, { runId }: DeadLetterMark): void {
    if (this.#claims.get(id)?.runId === runId) this.#claims.delete(id);
  }

  /** Forgets all claims. */
  clear(): void {
    this.#claims.clear();
  }
}

/** A letter with the end of a replay noted in it; a claim changes nothing in a letter. */
export function markedLetter(envelope: DeadLetterEnvelope, mark: DeadLetterMark): DeadLetterEnvelope {
  const { outcome, attempts, runId, at } = mark;
  if (outcome === 'claimed') return envelope;
  return Object.freeze({
    ...envelope,
    attempts,
    replays: Object.freeze([...envelope.replays, Object.freeze({ runId, at, outcome })]),
  });
}
