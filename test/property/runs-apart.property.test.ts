import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createSession,
  currentContext,
  errorPolicy,
  mapSecrets,
  PipelineError,
  PipelineRunner,
  type NoItem,
  type PipelineContext,
  type RunResult,
  type SessionState,
} from 'heirline';
import {
  definePipeline,
  expectBalanced,
  nextTurn,
  range,
  resultOf,
  unhandledDuring,
  type DefinitionClass,
} from '../integration/support/harness.js';
import { runs } from './support/runs.js';

/** What all runs of a trial share: the options of the composites of one pipeline. */
const shape = fc.record({
  lanes: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  session: fc.constantFrom('shared' as const, 'snapshot', 'none'),
  narrowed: fc.constantFrom<(readonly string[] | undefined)[]>(undefined, ['KEY'], ['OTHER']),
  identity: fc.boolean(),
  parameters: fc.boolean(),
  cancellable: fc.boolean(),
  childTokens: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 2 }),
  policy: fc.constantFrom('fail' as const, 'skip', 'retry'),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** What is drawn for each run. */
const drawn = fc.record({
  hasTenant: fc.boolean(),
  items: fc.nat(5),
  turns: fc.nat(3),
  tokens: fc.nat(3),
  budget: fc.option(fc.nat(40), { nil: undefined, freq: 2 }),
  /** After how many turns the caller aborts. */
  abortAfter: fc.option(fc.nat(25), { nil: undefined, freq: 1 }),
  /** What the innermost node does with the item of this number. */
  at: fc.nat(5),
  mischief: fc.constantFrom('none' as const, 'none', 'throw', 'cancel run', 'cancel scope'),
  /** Whether the innermost node starts a run inside. */
  nests: fc.boolean(),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

/** One run: what it was given, and what was noted of it. */
class Subject {
  readonly session: SessionState;
  readonly wrong: string[] = [];
  readonly controller = new AbortController();
  looks = 0;
  spent = 0;
  writes = 0;
  ends = 0;
  nested = 0;

  constructor(
    readonly index: number,
    readonly spec: Drawn,
  ) {
    this.session = createSession({ owner: this.name, writes: 0 });
  }

  get name(): string {
    return `run ${String(this.index)}`;
  }

  get tenant(): string | undefined {
    return this.spec.hasTenant ? `tenant of ${this.name}` : undefined;
  }

  expect(what: string, found: unknown, expected: unknown): void {
    this.looks += 1;
    if (found !== expected)
      this.wrong.push(`${this.name}: ${what} is ${String(found)}, not ${String(expected)}`);
  }
}

interface Item {
  readonly subject: Subject;
  readonly n: number;
}

/** Everything that a view shows must be of the run that the item belongs to. */
async function look(
  { subject }: Item,
  context: PipelineContext,
  options: Partial<Shape> = {},
): Promise<void> {
  const { run } = context;
  for (let turn = 0; turn <= subject.spec.turns; turn += 1) {
    const ambient = currentContext();
    subject.expect('the ambient execution', ambient?.pipelineId, context.pipelineId);
    subject.expect('the ambient tenant', ambient?.run.tenantId, subject.tenant);
    subject.expect('the tenant', run.tenantId, subject.tenant);
    subject.expect('the root', run.rootRunId, subject.name);
    subject.expect('the correlation id', run.correlationId, `request of ${subject.name}`);
    if (options.identity !== false) subject.expect('the run', context.runId, subject.name);
    if (options.parameters !== false)
      subject.expect('the parameter', context.parameters.get('name'), subject.name);
    subject.expect(
      'the owner',
      run.session.get('owner'),
      options.session === 'none' ? undefined : subject.name,
    );
    for (const { model } of run.cost.entries) subject.expect('the model', model, subject.name);
    try {
      const secret = await run.secrets.get('KEY');
      subject.expect('a withheld secret', options.narrowed?.includes('KEY') ?? true, true);
      subject.expect('the secret', secret.reveal(), `the secret of ${subject.name}`);
    } catch (error) {
      const code = error instanceof PipelineError ? error.code : String(error);
      if (code === 'RUN_CANCELLED' || code === 'BUDGET_EXCEEDED') throw error;
      subject.expect('the refusal', code, 'SECRET_NOT_FOUND');
      subject.expect('the refusal of a secret that is passed', options.narrowed?.includes('KEY'), false);
    }
    if (turn < subject.spec.turns) await nextTurn();
  }
}

let callId = 0;

function record({ subject }: Item, { run }: PipelineContext): void {
  subject.spent += subject.spec.tokens;
  callId += 1;
  run.cost.record({
    callId: String(callId),
    model: subject.name,
    inputTokens: subject.spec.tokens,
    outputTokens: 0,
  });
}

function write({ subject }: Item, { run }: PipelineContext): void {
  run.session.update<number>('writes', (writes) => writes + 1);
  subject.writes += 1;
}

/** A run inside: linked, but with nothing of the outer one. */
async function nest(item: Item, { runId, run }: PipelineContext, runner: PipelineRunner): Promise<void> {
  const { subject } = item;
  const Inner = definePipeline('nested', (builder) => {
    const source = builder.addSource([1], 'source');
    const work = async (_item: number, context: PipelineContext): Promise<void> => {
      subject.nested += 1;
      for (let turn = 0; turn < 2; turn += 1) {
        const own = currentContext()?.run;
        subject.expect('the nested ambient tenant', own?.tenantId, `nested tenant of ${subject.name}`);
        subject.expect('the nested parent', own?.parentRunId, runId);
        subject.expect('the nested root', own?.rootRunId, subject.name);
        subject.expect('the nested correlation id', own?.correlationId, run.correlationId);
        subject.expect('the nested owner', own?.session.get('owner'), undefined);
        subject.expect('the nested entries', own?.cost.entries.length, 0);
        subject.expect('the nested parameters', context.parameters.size, 0);
        subject.expect('the nested budget', own?.budget.remaining('tokens'), Infinity);
        await nextTurn();
      }
    };
    builder.connect(source, builder.addSink(work, 'node'));
  });
  await runner.run(Inner, { run: { tenantId: `nested tenant of ${subject.name}` } });
}

/** A pipeline of three levels; each node of it looks at what it sees. */
function pipelineOf(
  subjects: readonly Subject[],
  options: Shape,
  runner: PipelineRunner,
): DefinitionClass<NoItem, NoItem> {
  const { lanes, session, narrowed, identity, parameters, cancellable, childTokens, policy } = options;
  const inner = definePipeline<Item, Item>('inner', (builder) => {
    const node = builder.addTransform(
      async (item: Item, context) => {
        const { spec } = item.subject;
        await look(item, context, options);
        record(item, context);
        if (session === 'shared') write(item, context);
        if (spec.nests && item.n === 0) await nest(item, context, runner);
        if (item.n === spec.at) {
          if (spec.mischief === 'throw') throw new RangeError('mischief');
          if (spec.mischief === 'cancel run') context.run.cancel();
          if (spec.mischief === 'cancel scope') context.cancel();
        }
        await look(item, context, options);
        return item;
      },
      { name: 'node', from: builder.addCompositeInput() },
    );
    builder.connect(node, builder.addCompositeOutput());
  });
  const middle = definePipeline<Item, Item>('middle', (builder) => {
    const first = builder.addTransform(
      async (item: Item, context) => {
        await look(item, context, { parameters });
        return item;
      },
      { name: 'first', from: builder.addCompositeInput() },
    );
    const composite = builder.addComposite(inner, {
      name: 'inner',
      from: first,
      concurrency: lanes[1],
      session,
      cancellable,
      ...(narrowed === undefined ? {} : { secrets: narrowed }),
      ...(childTokens === undefined ? {} : { budget: { tokens: childTokens } }),
      contextConfiguration: { inheritRunIdentity: identity, inheritParentParameters: parameters },
    });
    builder.connect(composite, builder.addCompositeOutput());
  });
  return definePipeline('root', (builder) => {
    const source = builder.addSource(async function* (context) {
      const subject = subjects[Number(context.parameters.get('index'))];
      for (const n of range(0, (subject?.spec.items ?? 0) - 1)) {
        if (subject === undefined) return;
        await look({ subject, n }, context);
        yield { subject, n };
      }
    }, 'source');
    const policies = {
      fail: undefined,
      skip: errorPolicy('skip'),
      retry: errorPolicy({ then: { retry: { attempts: 2, exhausted: 'skip' } } }),
    };
    const composite = builder.addComposite(middle, {
      name: 'middle',
      from: source,
      concurrency: lanes[0],
      contextConfiguration: { inheritParentParameters: parameters },
      errorPolicy: policies[policy],
    });
    const sink = builder.addSink(async (item: Item, context) => {
      await look(item, context);
      record(item, context);
      write(item, context);
    }, 'sink');
    builder.connect(composite, sink);
  });
}

/** Runs one subject to its end, which is aborted after some turns if that was drawn. */
async function conduct(
  subject: Subject,
  Root: DefinitionClass<NoItem, NoItem>,
  runner: PipelineRunner,
): Promise<RunResult> {
  const { spec, name, controller, session } = subject;
  const note = ({ path }: { path: string }): void => {
    if (path === 'root') subject.ends += 1;
  };
  const run = runner.run(Root, {
    parameters: { index: subject.index, name },
    executionObserver: { pipelineCompleted: note, pipelineFailed: note },
    run: {
      runId: name,
      correlationId: `request of ${name}`,
      ...(subject.tenant === undefined ? {} : { tenantId: subject.tenant }),
      secrets: mapSecrets({ KEY: `the secret of ${name}` }),
      signal: controller.signal,
      session,
      ...(spec.budget === undefined ? {} : { budget: { tokens: spec.budget } }),
    },
  });
  const { abortAfter } = spec;
  const aborting = async (): Promise<void> => {
    if (abortAfter === undefined) return;
    for (let turn = 0; turn < abortAfter; turn += 1) await nextTurn();
    controller.abort();
  };
  const [end] = await Promise.allSettled([run, aborting()]);
  if (end.status === 'fulfilled') {
    subject.expect('the committed writes', session.get('writes'), subject.writes);
    return end.value;
  }
  subject.expect('the writes of a run that did not succeed', session.get('writes'), 0);
  if (!(end.reason instanceof PipelineError)) throw end.reason;
  return resultOf(end.reason);
}

describe('50 runs at once on one pipeline of three levels, whatever each is given, spends, and is ended by', () => {
  test('see only what is their own, end once, are charged for their own, and commit only when they succeed', async () => {
    let [looks, nested, failed] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(shape, fc.array(drawn, { minLength: 50, maxLength: 50 }), async (options, specs) => {
        const subjects = specs.map((spec, index) => new Subject(index, spec));
        const runner = new PipelineRunner();
        const Root = pipelineOf(subjects, options, runner);
        const unhandled = await unhandledDuring(async () => {
          const results = await Promise.all(subjects.map((subject) => conduct(subject, Root, runner)));
          for (const [index, result] of results.entries()) {
            const subject = subjects[index];
            if (subject === undefined) throw new TypeError('no subject');
            expectBalanced(result);
            subject.expect('the result', result.runId, subject.name);
            const tokens = result.cost.map(({ inputTokens }) => inputTokens).reduce((a, b) => a + b, 0);
            subject.expect('the cost', tokens, subject.spent);
            failed += result.status === 'succeeded' ? 0 : 1;
          }
        });

        expect(subjects.flatMap(({ wrong }) => wrong)).toEqual([]);
        expect(subjects.map(({ ends }) => ends)).toEqual(subjects.map(() => 1));
        expect(unhandled).toEqual([]);
        looks += subjects.reduce((sum, subject) => sum + subject.looks, 0);
        nested += subjects.reduce((sum, subject) => sum + subject.nested, 0);
      }),
      runs(15),
    );

    expect([looks > 10_000, nested > 10, failed > 10]).toEqual([true, true, true]);
  });
});
