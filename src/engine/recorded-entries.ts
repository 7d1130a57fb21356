import { isLinkageKey } from '../context/parent-linkage.js';
import type { DeadLetterContext } from '../ports/dead-letter-sink.js';
import { holdsRedaction } from '../run/secrets/redacted-copy.js';

/** One entry of the context in which an item failed, as its letter has it. */
interface RecordedEntry {
  readonly name: string;
  readonly value: unknown;
  /** Whether it is what the node had: no text in the place of what was no data, and nothing redacted. */
  readonly isWhole: boolean;
}

/** The entries of a dictionary that a letter has recorded, without those that a run sets itself. */
export function recordedEntries(
  context: DeadLetterContext,
  kind: 'parameters' | 'properties',
): readonly RecordedEntry[] {
  return Object.entries(context[kind])
    .filter(([name]) => !isLinkageKey(kind, name))
    .map(([name, value]) => ({
      name,
      value,
      isWhole: context.asText?.includes(`${kind}.${name}`) !== true && !holdsRedaction(value),
    }));
}
