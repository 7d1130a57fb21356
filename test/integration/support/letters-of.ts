import type { DeadLetterEnvelope, DeadLetterFilter, ReplayableDeadLetterSink } from 'heirline';

/** All letters that a sink gives. */
export async function lettersOf(
  sink: ReplayableDeadLetterSink,
  filter?: DeadLetterFilter,
): Promise<readonly DeadLetterEnvelope[]> {
  const letters: DeadLetterEnvelope[] = [];
  for await (const letter of sink.read(filter)) letters.push(letter);
  return letters;
}

/** The items of all letters that a sink gives. */
export async function itemsOf(sink: ReplayableDeadLetterSink): Promise<readonly unknown[]> {
  return (await lettersOf(sink)).map(({ item }) => item);
}
