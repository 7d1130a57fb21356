import fc from 'fast-check';

/** What a call may do with an item at once; one without trouble goes on as a new item. */
const sudden = ['skip', 'throw', 'throwOnce', 'undefined', 'cancelRun', 'cancelContext'] as const;
/** What it may do later. */
const slow = ['turn', 'turns', 'asyncSkip', 'reject', 'rejectOnce', 'cancelLater'] as const;

export type Trouble = (typeof sudden)[number] | (typeof slow)[number];

/** A node between sources and ends. */
export interface BranchingNode {
  /** What is called for each item, with a far limit or on several items at once; or a child that passes all on. */
  readonly kind: 'plain' | 'limited' | 'lanes' | 'child';
  readonly policy: 'none' | 'skip' | 'deadLetter' | 'retryThenSkip';
  readonly trouble: Trouble;
  /** Of how many items one has trouble here; 0: none has. */
  readonly oneIn: number;
  /** The nodes before it, counted back from it. */
  readonly from: readonly number[];
}

/** A pipeline whose ways part and meet again anywhere. */
export interface BranchingSpec {
  readonly waits: boolean;
  readonly seed: number;
  /** Where its nodes stand: at the root, or in a child that may fail and be left out. */
  readonly place: 'root' | 'child';
  readonly form: 'array' | 'generator';
  /** How many items each source gives. */
  readonly sources: readonly number[];
  readonly nodes: readonly BranchingNode[];
  /** Where the ways end: each in a sink of its own, all in one, or all in a reader that leaves after some items. */
  readonly ends: 'each' | 'one' | 'reader';
  readonly reads: number;
}

/**
 * Random pipelines.
 *
 * @param waits whether anything may have to wait: then the order of calls is open across the ways of items.
 */
export function branchingSpecs(waits: boolean): fc.Arbitrary<BranchingSpec> {
  const calm = ['plain', 'plain', 'plain', 'plain', 'plain', 'child'] as const;
  const node: fc.Arbitrary<BranchingNode> = fc.record({
    kind: waits ? fc.constantFrom(...calm, 'limited' as const, 'lanes' as const) : fc.constantFrom(...calm),
    policy: waits
      ? fc.constantFrom('none' as const, 'skip', 'deadLetter', 'retryThenSkip')
      : fc.constantFrom('none' as const, 'skip', 'skip'),
    trouble: waits
      ? fc.constantFrom<Trouble>(...sudden, ...slow, ...slow)
      : fc.constantFrom<Trouble>(...sudden),
    oneIn: fc.constantFrom(0, 0, 2, 3, 5, 9),
    from: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  });
  return fc.record({
    waits: fc.constant(waits),
    seed: fc.nat({ max: 9_999 }),
    place: fc.constantFrom('root' as const, 'root', 'child'),
    form: fc.constantFrom('array' as const, 'generator'),
    sources: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: waits ? 2 : 1 }),
    nodes: fc.array(node, { minLength: 1, maxLength: 9 }),
    ends: waits ? fc.constantFrom('each' as const, 'one', 'reader') : fc.constantFrom('each' as const, 'one'),
    reads: fc.integer({ min: 0, max: 9 }),
  });
}
