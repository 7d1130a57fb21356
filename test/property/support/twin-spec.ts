import fc from 'fast-check';

/** The dictionaries of a context, and the keys in them that nodes of a random pipeline read and write. */
export const dictionaries = ['parameters', 'items', 'properties'] as const;
export const keys = ['a', 'b', 'c', 'x'] as const;

export type DictionaryName = (typeof dictionaries)[number];
export type KeyName = (typeof keys)[number];

/** What becomes of a failed item: how often it is tried, and what then; `default` says nothing about that. */
export interface Policy {
  readonly tries: number;
  readonly then: 'fail' | 'skip' | 'deadLetter' | 'default';
}

/** What a transform or a sink does with an item. */
export interface Work {
  readonly add: number;
  /** The multiples of this number are filtered out; 0: none. */
  readonly skip: number;
  /** The multiples of this number fail, in their first tries; 0: none. */
  readonly throws: number;
  readonly times: number;
  /** Sets an entry to the item's value before anything else. */
  readonly writes: DictionaryName | 'nothing';
  readonly key: KeyName;
  /** Whether what is in the context's dictionaries goes into the result. */
  readonly reads: boolean;
  /** Whether the number of calls that the node has had goes into the result. */
  readonly counts: boolean;
}

/** A function, an instance, a class per execution, or a class per run. */
type Binding = 'function' | 'instance' | 'class' | 'run';

interface Handling {
  readonly lanes: 1 | 3;
  /** Whether it has a limit of time, which is far away. */
  readonly limited: boolean;
  readonly policy: Policy | undefined;
}

export interface WorkStep extends Handling {
  readonly binding: Binding;
  readonly work: Work;
}

export type Selection = boolean | 'pick' | 'omit' | 'rename';

export interface Inheritance {
  readonly parameters: Selection;
  readonly items: Selection;
  readonly properties: Selection;
  readonly identity: boolean;
  readonly lineage: boolean;
  readonly observer: boolean;
  readonly deadLetters: boolean;
  /** Explicit values for the child: none, the same for every child, or made of its item. */
  readonly with: 'nothing' | 'fixed' | 'perItem';
}

type Output = 'one' | 'optional' | 'many' | 'first' | 'last';

export interface ChildStep extends Handling {
  readonly output: Output;
  readonly cancellable: boolean;
  readonly inherits: Inheritance;
  /** What the child has beside its way: a sink of its own, or a source that joins its way, replaces it or stands apart. */
  readonly extra: 'nothing' | 'sink' | 'source' | 'instead' | 'apart';
  readonly steps: readonly Step[];
}

interface Branch {
  readonly steps: readonly Step[];
  /** Where the branch ends, unless it goes on; the first one always goes on. */
  readonly sink: WorkStep | undefined;
}

export type Step =
  | { readonly kind: 'node'; readonly node: WorkStep }
  | { readonly kind: 'child'; readonly child: ChildStep }
  | { readonly kind: 'branches'; readonly branches: readonly Branch[] };

/** A whole pipeline, as plain data. */
export interface TwinSpec {
  /** Decides in the mixed variants who waits for what, and how. */
  readonly seed: number;
  readonly sources: readonly (readonly number[])[];
  readonly steps: readonly Step[];
  readonly sink: WorkStep;
  /** Whether the run has a dead-letter sink. */
  readonly letters: boolean;
}

/** What may be drawn. */
export interface Choice {
  /** Whether anything may overlap in time: branches, lanes, several sources. */
  readonly overlaps: boolean;
  /** How many levels of children there may be. */
  readonly depth: number;
}

// Shrinks to what is usual.
const rarely = fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 5);
const mostly = rarely.map((drawn) => !drawn);
/** A divisor, or 0 for never. */
const now = fc.constantFrom(0, 0, 0, 2, 3, 5, 7);

const policy: fc.Arbitrary<Policy | undefined> = fc
  .record({
    tries: fc.integer({ min: 1, max: 3 }),
    then: fc.constantFrom('default' as const, 'fail', 'skip', 'skip', 'deadLetter', 'deadLetter'),
  })
  // One try and nothing said: no policy.
  .map((drawn) => (drawn.tries === 1 && drawn.then === 'default' ? undefined : drawn));

const work: fc.Arbitrary<Work> = fc.record({
  add: fc.integer({ min: 0, max: 9 }),
  skip: now,
  throws: now,
  times: fc.constantFrom(1, 2, 9),
  writes: fc.constantFrom('nothing' as const, 'nothing', ...dictionaries),
  key: fc.constantFrom(...keys),
  reads: fc.boolean(),
  counts: rarely,
});

function handling(overlaps: boolean) {
  return {
    lanes: overlaps ? fc.constantFrom(1 as const, 1, 1, 3) : fc.constant(1 as const),
    limited: rarely,
    policy,
  };
}

function workStep(overlaps: boolean): fc.Arbitrary<WorkStep> {
  const binding = fc.constantFrom<Binding>('function', 'function', 'instance', 'class', 'run');
  return fc.record({ ...handling(overlaps), binding, work });
}

const selection = fc.constantFrom<Selection>(true, true, false, 'pick', 'omit', 'rename');
const inheritance: fc.Arbitrary<Inheritance> = fc.oneof(
  fc.record({
    parameters: selection,
    items: selection,
    properties: selection,
    identity: mostly,
    lineage: mostly,
    observer: mostly,
    deadLetters: mostly,
    with: fc.constantFrom('nothing' as const, 'fixed', 'perItem'),
  }),
  // The presets.
  fc.constantFrom(inheritsOf(false, true), inheritsOf(true, true), inheritsOf(false, false)),
);

function inheritsOf(data: boolean, services: boolean): Inheritance {
  return {
    ...{ parameters: data, items: data, properties: data },
    ...{ identity: services, lineage: services, observer: services, deadLetters: services },
    with: 'nothing',
  };
}

function step({ overlaps, depth }: Choice): fc.Arbitrary<Step> {
  const node = workStep(overlaps).map((drawn): Step => ({ kind: 'node', node: drawn }));
  if (depth === 0) return node;
  const below = { overlaps, depth: depth - 1 };
  const child = fc
    .record({
      ...handling(overlaps),
      output: fc.constantFrom<Output>('one', 'optional', 'many', 'many', 'first', 'last'),
      cancellable: rarely,
      inherits: inheritance,
      extra: overlaps
        ? fc.constantFrom('nothing' as const, 'nothing', 'nothing', 'sink', 'source', 'instead', 'apart')
        : fc.constant('nothing' as const),
      steps: fc.array(step(below), { maxLength: 3 }),
    })
    .map((drawn): Step => ({ kind: 'child', child: drawn }));
  if (!overlaps) return fc.oneof(node, child);
  const branch = fc.record({
    steps: fc.array(step(below), { maxLength: 2 }),
    sink: fc.option(workStep(overlaps), { nil: undefined, freq: 2 }),
  });
  const branches = fc
    .array(branch, { minLength: 2, maxLength: 3 })
    .map((drawn): Step => ({ kind: 'branches', branches: drawn }));
  return fc.oneof(
    { weight: 3, arbitrary: node },
    { weight: 2, arbitrary: child },
    { weight: 1, arbitrary: branches },
  );
}

/** Random pipelines. */
export function twinSpecs(choice: Choice): fc.Arbitrary<TwinSpec> {
  const items = fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: choice.overlaps ? 6 : 9 });
  return fc.record({
    seed: fc.nat({ max: 9_999 }),
    sources: fc.array(items, { minLength: 1, maxLength: choice.overlaps ? 2 : 1 }),
    steps: fc.array(step(choice), { maxLength: 4 }),
    sink: workStep(choice.overlaps),
    letters: mostly,
  });
}
