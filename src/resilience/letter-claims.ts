import type { DeadLetterEnvelope, DeadLetterMark } from '../ports/dead-letter-sink.js';

/** How long a claim holds: one of a process that has ended gives the letter free. */
const CLAIM_MS = 10 * 60 * 1000;

/** Whether a claim, made at `claimedAt`, still keeps others from the letter. */
export function isFreshClaim(claimedAt: number | undefined, at: number): boolean {
  return claimedAt !== undefined && at - claimedAt < CLAIM_MS;
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
