/** The known name that a mistyped one was probably meant to be: two letters differ at most, in short names one or none. */
export function nearName(name: string, known: Iterable<string>): string | undefined {
  const most = name.length < 3 ? 0 : name.length < 6 ? 1 : 2;
  let nearest: string | undefined;
  let fewest = most + 1;
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - name.length) > most) continue;
    const count = lettersOff(name.toLowerCase(), candidate.toLowerCase());
    if (count < fewest) [nearest, fewest] = [candidate, count];
  }
  return nearest;
}

/** How many letters are to be added, taken away, replaced, or swapped with the next one, to make one text the other. */
export function lettersOff(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const counts = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      counts[column] = Math.min(
        (last[column] ?? Infinity) + 1,
        (counts[column - 1] ?? Infinity) + 1,
        (last[column - 1] ?? Infinity) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = counts;
  }
  return last[to.length] ?? 0;
}
