/** An item with a time and a key. */
export interface Timed {
  readonly id: number;
  readonly key: string | undefined;
  readonly atMs: number;
}

/** Windows by a sort and a loop: what an operator should give of items none of which is late. */
export interface ModelWindow {
  readonly key: string | undefined;
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[];
}

function keysOf(items: readonly Timed[]): (string | undefined)[] {
  return [...new Set(items.map(({ key }) => key))];
}

/** All windows that hold an item, from the first start that could. */
export function windowsByLoop(items: readonly Timed[], ms: number, everyMs: number): ModelWindow[] {
  const windows: ModelWindow[] = [];
  for (const key of keysOf(items)) {
    const own = items.filter((item) => item.key === key);
    const times = own.map(({ atMs }) => atMs);
    const first = Math.floor((Math.min(...times) - ms) / everyMs) * everyMs;
    for (let start = first; start <= Math.max(...times); start += everyMs) {
      const ids = own.filter(({ atMs }) => atMs >= start && atMs < start + ms).map(({ id }) => id);
      if (ids.length > 0) windows.push({ key, start, end: start + ms, ids });
    }
  }
  return windows;
}

/** Sessions: the items of a key in the order of their times, cut where they are a gap apart. */
export function sessionsByLoop(items: readonly Timed[], gapMs: number): ModelWindow[] {
  return keysOf(items).flatMap((key) => {
    const own = items.filter((item) => item.key === key).sort((one, other) => one.atMs - other.atMs);
    const sessions: Timed[][] = [];
    for (const item of own) {
      const last = sessions.at(-1);
      const before = last?.at(-1);
      if (last !== undefined && before !== undefined && item.atMs - before.atMs < gapMs) last.push(item);
      else sessions.push([item]);
    }
    return sessions.map((session) => ({
      key,
      start: session[0]?.atMs ?? 0,
      end: (session.at(-1)?.atMs ?? 0) + gapMs,
      ids: session.map(({ id }) => id),
    }));
  });
}

/** Windows in an order of their own, each with its items in order: to compare. */
export function inOrder(windows: readonly ModelWindow[]): string[] {
  return windows
    .map(
      ({ key, start, end, ids }) =>
        `${String(key)} ${String(start)}-${String(end)} ${[...ids].sort((a, b) => a - b).join(' ')}`,
    )
    .sort();
}
