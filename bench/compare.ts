/** One way to do the work, timed beside others in the same process. */
export interface Contender {
  readonly name: string;
  /** Does the work once and gives a checksum, which must be the same for all. */
  readonly run: () => number | Promise<number>;
}

/** Times contenders in interleaved rounds and prints medians per item, with the ratio to the first, the floor. */
export async function compare(
  title: string,
  items: number,
  contenders: readonly Contender[],
  rounds = 9,
): Promise<void> {
  const expected = await contenders[0]?.run();
  for (const { name, run } of contenders) {
    const sum = await run();
    if (sum !== expected) throw new Error(`${name} computed ${String(sum)} instead of ${String(expected)}`);
  }
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run } of contenders) {
      const start = performance.now();
      await run();
      times.get(name)?.push(((performance.now() - start) * 1e6) / items);
    }
  }
  const floor = median(times.get(contenders[0]?.name ?? '') ?? []);
  console.log(
    `${title}: ${items.toLocaleString('en')} items, median of ${String(rounds)} interleaved rounds, Node ${process.versions.node}`,
  );
  for (const [name, each] of times) {
    const [least, middle, most] = [Math.min(...each), median(each), Math.max(...each)].map((ns) =>
      ns.toFixed(1),
    );
    console.log(
      `  ${name.padEnd(32)} ${String(middle).padStart(9)} ns/item   ${(median(each) / floor).toFixed(2).padStart(6)}×   (${String(least)} to ${String(most)})`,
    );
  }
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[numbers.length >> 1] ?? Number.NaN;
}
