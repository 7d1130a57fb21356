import fc from 'fast-check';
import type {
  Branch,
  Form,
  Hook,
  Pace,
  Pipe,
  Policy,
  Program,
  Sink,
  Source,
  Step,
  StreamOp,
  Thrown,
  Work,
} from './fuzz-program.js';

/** What a family of programs may hold. */
export interface Choice {
  /** Whether anything may overlap in time: branches, lanes, several sources. */
  readonly overlaps: boolean;
  /** Whether the run may be cancelled, or left by its reader. */
  readonly ends: boolean;
  /** Whether calls may be limited, and hang. */
  readonly limits: boolean;
  /** What failing calls throw. */
  readonly thrown: readonly Thrown[];
}

/** True in one of so many; shrinks to false. */
const oneIn = (count: number): fc.Arbitrary<boolean> =>
  fc.integer({ min: 0, max: count - 1 }).map((drawn) => drawn === count - 1);

/** A number above 0 in one of so many, else 0. */
const sometimes = (count: number, max: number): fc.Arbitrary<number> =>
  fc.tuple(oneIn(count), fc.integer({ min: 1, max })).map(([isThere, drawn]) => (isThere ? drawn : 0));

const divisor = fc.constantFrom(0, 0, 0, 0, 0, 2, 3, 5, 7);

const policy: fc.Arbitrary<Policy | undefined> = fc.option(
  fc.record({
    tries: fc.constantFrom(1, 1, 2, 3),
    then: fc.constantFrom(
      ...(['skip', 'skip', 'skip', 'deadLetter', 'deadLetter', 'deadLetter', 'fail'] as const),
    ),
  }),
  { nil: undefined, freq: 4 },
);

function work({ limits, thrown }: Choice): fc.Arbitrary<Work> {
  return fc.record({
    add: fc.integer({ min: 0, max: 9 }),
    skip: divisor,
    fails: divisor,
    times: fc.constantFrom(9, 1, 2),
    hangs: limits ? fc.constantFrom(0, 3, 5) : fc.constant(0),
    pace: fc.constantFrom<Pace>('sync', 'sync', 'async', 'mixed', 'turns', 'thenable'),
    thrown: fc.constantFrom<Thrown>('error', 'error', ...thrown),
    disposes: oneIn(4),
  });
}

/** Calls hang or answer at once, so that only a hanging one reaches its limit. */
const NODE_LIMIT_MS = 15;
const CHILD_LIMIT_MS = 50;

function limit({ limits }: Choice, ms: number): fc.Arbitrary<number> {
  return limits ? oneIn(3).map((isThere) => (isThere ? ms : 0)) : fc.constant(0);
}

function handling(choice: Choice) {
  return {
    policy,
    lanes: choice.overlaps ? fc.constantFrom(1, 1, 1, 2, 3, 8) : fc.constant(1),
    ordered: choice.overlaps ? oneIn(3).map((drawn) => !drawn) : fc.constant(true),
    limitMs: limit(choice, NODE_LIMIT_MS),
  };
}

const form = fc.constantFrom<Form>('function', 'function', 'instance', 'class', 'runClass');
const hook = fc.constantFrom<Hook>(...Array<Hook>(20).fill('none'), ...Array<Hook>(9).fill('well'), 'fails');

function workFields(choice: Choice) {
  return { ...handling(choice), form, init: hook, work: work(choice) };
}

function sink(choice: Choice): fc.Arbitrary<Sink> {
  const items = fc.record({ kind: fc.constant('sink' as const), ...workFields(choice), flush: hook });
  const stream = fc.record({
    kind: fc.constant('streamSink' as const),
    form: fc.constantFrom('instance' as const, 'class'),
    reads: fc.constantFrom(0, 0, 0, 0, 1, 3),
  });
  return fc.oneof({ weight: 4, arbitrary: items }, { weight: 1, arbitrary: stream });
}

const streamOp: fc.Arbitrary<StreamOp> = fc.record({
  type: fc.constantFrom(
    ...([
      'batch',
      'batch',
      'batch',
      'filter',
      'filter',
      'filter',
      'repeat',
      'repeat',
      'hold',
      'hold',
      'take',
      'fail',
    ] as const),
  ),
  count: fc.integer({ min: 1, max: 4 }),
});

function values(max: number): fc.Arbitrary<number[]> {
  const value = fc.integer({ min: 1, max: 60 });
  return fc.oneof(
    { weight: 1, arbitrary: fc.array(value, { maxLength: 2 }) },
    { weight: 5, arbitrary: fc.array(value, { minLength: 2, maxLength: max }) },
  );
}

function source(choice: Choice, max: number): fc.Arbitrary<Source> {
  return fc.record({
    kind: fc.constantFrom<Source['kind']>(
      ...(['array', 'generator', 'asyncGenerator', 'readable', 'promises', 'promisedArray'] as const),
      ...(['class', 'iterator'] as const),
    ),
    values: values(max),
    then: choice.ends
      ? fc.constantFrom<Source['then']>(...Array<Source['then']>(9).fill('end'), 'throw', 'wait', 'wait')
      : fc.constantFrom<Source['then']>(...Array<Source['then']>(19).fill('end'), 'throw'),
  });
}

function step(choice: Choice, depth: number): fc.Arbitrary<Step> {
  const node = fc.record({ kind: fc.constant('work' as const), ...workFields(choice) });
  const stream = fc.record({ kind: fc.constant('stream' as const), form, op: streamOp });
  const leaves: fc.WeightedArbitrary<Step>[] = [
    { weight: 4, arbitrary: node },
    { weight: 2, arbitrary: stream },
  ];
  if (depth === 0) return fc.oneof(...leaves);
  const child = fc
    .record({
      kind: fc.constant('child' as const),
      ...handling(choice),
      limitMs: limit(choice, CHILD_LIMIT_MS),
      granularity: fc.constantFrom('item' as const, 'item', 'item', 'stream'),
      output: fc.constantFrom('one' as const, 'optional', 'many', 'many', 'many', 'first', 'last'),
      pipe: pipe(choice, depth - 1, false),
    })
    .map((drawn): Step => plainStreamChild(drawn));
  const all: fc.WeightedArbitrary<Step>[] = [...leaves, { weight: 5, arbitrary: child }];
  if (!choice.overlaps) return fc.oneof(...all);
  const branch: fc.Arbitrary<Branch> = fc.record({
    // The first one makes a new item, so that each branch has items of its own.
    steps: fc
      .tuple(node, fc.array(step(choice, Math.min(1, depth - 1)), { maxLength: 1 }))
      .map(([first, rest]): Step[] => [first, ...rest]),
    sink: fc.option(sink(choice), { nil: undefined }),
  });
  const branches = fc
    .array(branch, { minLength: 2, maxLength: 3 })
    // The first one goes on.
    .map(([first, ...more]): Step => ({
      kind: 'branches',
      branches: first === undefined ? [] : [{ ...first, sink: undefined }, ...more],
    }));
  return fc.oneof(...all, { weight: 1, arbitrary: branches });
}

/** A child that gets the whole stream takes no options of single items. */
function plainStreamChild(drawn: Extract<Step, { kind: 'child' }>): Step {
  if (drawn.granularity === 'item') return drawn;
  return { ...drawn, policy: undefined, lanes: 1, ordered: true, limitMs: 0, output: 'many' };
}

function pipe(choice: Choice, depth: number, isRoot: boolean): fc.Arbitrary<Pipe> {
  const most = choice.overlaps ? 2 : 1;
  const own = isRoot
    ? fc.array(source(choice, choice.limits ? 4 : 10), { minLength: 1, maxLength: most })
    : choice.overlaps
      ? fc.tuple(oneIn(6), source(choice, 2)).map(([isThere, drawn]) => (isThere ? [drawn] : []))
      : fc.constant([]);
  return fc.record({
    sources: own,
    steps: fc.array(step(choice, depth), { maxLength: isRoot ? 5 : 3 }),
    sink: sink(choice),
  });
}

/** Random programs. */
export function programs(choice: Choice, depth = 4): fc.Arbitrary<Program> {
  const rest = {
    output: fc.constantFrom('many' as const, 'many', 'one', 'optional', 'first', 'last'),
    letters: oneIn(4).map((drawn) => !drawn),
    cancelAtCall: choice.ends ? sometimes(2, 30) : fc.constant(0),
    cancelAtTurn: choice.ends ? sometimes(3, 30) : fc.constant(0),
    leavesAfter: choice.ends ? sometimes(3, 4) : fc.constant(0),
    input: source({ ...choice, ends: false }, choice.limits ? 4 : 10),
  };
  const run = fc.record({ entry: fc.constant('run' as const), root: pipe(choice, depth, true), ...rest });
  const alone = fc.record({
    entry: fc.constantFrom('runItem' as const, 'stream'),
    root: pipe(choice, depth, false),
    ...rest,
  });
  return fc.oneof({ weight: 3, arbitrary: run }, { weight: 1, arbitrary: alone });
}
