import type { ExecutionEvent } from 'heirline';

/** What the starts and ends in a list of events come to. */
export interface EventPairs {
  /** How many starts there are. */
  readonly starts: number;
  /** The starts without an end, the ends without a start, and those told twice, one line each. */
  readonly unpaired: readonly string[];
}

/** Pairs each start of a pipeline, a node or a composite's child with its end. */
export function pairEvents(events: readonly ExecutionEvent[]): EventPairs {
  const open = new Set<string>();
  const known = new Set<string>();
  const unpaired: string[] = [];
  for (const event of events) {
    const [, what, how] = /^(pipeline|node|composite)(Started|Completed|Failed)$/.exec(event.type) ?? [];
    if (what === undefined) continue;
    const child = 'childPipelineId' in event ? ` ${String(event.childPipelineId)}` : '';
    const key = `${what} ${event.path} ${event.pipelineId}${child}`;
    if (how === 'Started') {
      if (known.has(key)) unpaired.push(`${key}: a second start`);
      known.add(key);
      open.add(key);
    } else if (!open.delete(key)) {
      unpaired.push(`${key}: an end without a start`);
    }
  }
  return { starts: known.size, unpaired: [...unpaired, ...[...open].map((key) => `${key}: no end`)] };
}
