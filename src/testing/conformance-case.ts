/** One thing that must be true of every store, or of every sink. */
export interface ConformanceCase {
  /** What must be true, as a sentence. */
  readonly name: string;
  /** Makes a store, tries it, and closes it; rejects with an `AssertionError` that says what was not so. */
  readonly run: () => Promise<void>;
}

/** Makes cases that each try a store or sink of their own, and close it where that can be done. */
export function casesOf<TTested extends { close?(): unknown }, TSamples>(
  checks: Readonly<Record<string, (samples: TSamples) => Promise<void>>>,
  create: () => TTested | Promise<TTested>,
  samplesFor: (tested: TTested) => TSamples,
): readonly ConformanceCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    run: async () => {
      const tested = await create();
      try {
        await check(samplesFor(tested));
      } finally {
        await tested.close?.();
      }
    },
  }));
}
