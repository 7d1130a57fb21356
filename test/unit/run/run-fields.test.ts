import { describe, expect, test } from 'vitest';
import { runFields } from '../../../src/run/run-fields.js';
import {
  captureContext,
  CostLedger,
  createSession,
  mapSecrets,
  RunContext,
  runPipeline,
  Secret,
  type Logger,
  type PipelineContext,
  type RunContextOptions,
} from '../../../src/index.js';
import { definePipeline } from '../../integration/support/harness.js';

type FieldName = keyof typeof runFields;
const names = Object.keys(runFields) as FieldName[];

/** A run in which every field has a value of its own. */
function marked(): RunContextOptions {
  return {
    runId: 'marked-run',
    tenantId: 'marked-tenant',
    principal: { user: { name: 'ada' } },
    threadId: 'marked-thread',
    followUpToRunId: 'marked-earlier',
    correlationId: 'marked-request',
    traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    tracestate: 'marked=state',
    secrets: mapSecrets({ API_KEY: 'marked-secret' }),
    cost: new CostLedger(),
    session: createSession({ topic: 'marked-topic' }),
    timeoutMs: 60_000,
    budget: { tokens: 1_000 },
  };
}

/** What a run context says in a field, in a form that can be compared. */
const shown: { readonly [TName in FieldName]: (run: RunContext) => unknown } = {
  ...(Object.fromEntries(names.map((name) => [name, (run: RunContext): unknown => run[name]])) as Record<
    FieldName,
    (run: RunContext) => unknown
  >),
  secrets: async ({ secrets }) => (await secrets.get('API_KEY')).reveal(),
  cost: ({ cost }) => cost.total().map(({ inputTokens }) => inputTokens),
  // What a logger gives is handed back: here the tenant that the line was written for.
  logger: ({ logger }) => logger.info({ asked: true }, 'a line'),
  session: ({ session }) => session.get('topic'),
  signal: ({ signal }) => signal,
  deadline: ({ deadline }) => deadline?.getTime(),
  budget: ({ budget }) => budget.remaining('tokens'),
  clock: ({ clock }) => typeof clock.now(),
};

/** What a field says in a context without any limit. */
const unlimited: Partial<Record<FieldName, unknown>> = { deadline: undefined, budget: Infinity };

interface Seen {
  readonly parent: unknown;
  readonly child: unknown;
}

/** What a field says in a node of a run, and in a node of a composite's child in that run. */
async function inRun(
  name: FieldName,
  more: (context: PipelineContext) => unknown = () => undefined,
): Promise<Seen & { more: unknown }> {
  let seen: (Seen & { more: unknown }) | undefined;
  let parent: unknown;
  const child = definePipeline<number, number>('child', (builder) => {
    const input = builder.addCompositeInput();
    const look = builder.addTransform(
      async (item, context) => {
        const inChild = await shown[name](context.run);
        seen = { parent, child: inChild, more: await more(context) };
        return item;
      },
      { name: 'look', from: input },
    );
    builder.connect(look, builder.addCompositeOutput());
  });
  const root = definePipeline('root', (builder) => {
    const first = builder.addTransform(
      async (item: number, context) => {
        context.run.cost.record({ callId: 'one', model: 'm', inputTokens: 7, outputTokens: 0 });
        parent = await shown[name](context.run);
        return item;
      },
      { name: 'first', from: builder.addSource([1], 'one') },
    );
    const composite = builder.addComposite(child, { name: 'child', from: first });
    builder.connect(
      composite,
      builder.addSink(() => undefined),
    );
  });
  const write = (fields: Readonly<Record<string, unknown>>): unknown => fields['tenantId'];
  const logger: Logger = { trace: write, debug: write, info: write, warn: write, error: write };
  await runPipeline(root, { run: marked(), logger });
  if (seen === undefined) throw new TypeError('the child was not reached');
  return seen;
}

describe('what a child gets of', () => {
  test.each(names)('%s', async (name) => {
    const { parent, child } = await inRun(name);

    // Narrowed and derived fields are the parent's where the composite says nothing.
    expect(child).toEqual(parent);
    expect(runFields[name].child).toMatch(/same|narrowed|below/);
  });
});

describe('what a captured context has of', () => {
  test.each(names)('%s', async (name) => {
    const { child, more } = await inRun(name, async () => {
      const captured = captureContext().context?.run;
      return captured === undefined ? undefined : [await shown[name](captured)];
    });
    const [captured] = more as [unknown];

    if (runFields[name].capture !== 'own') expect(captured).toEqual(child);
    else if (name in unlimited) expect(captured).toBe(unlimited[name]);
    else expect(captured).not.toBe(child);
  });
});

describe('what a carrier takes along of', () => {
  test.each(names)('%s', async (name) => {
    const { child, more } = await inRun(name, async ({ run }) => {
      await run.secrets.get('API_KEY');
      return JSON.parse(JSON.stringify(run.toCarrier())) as unknown;
    });
    const carrier = more as ReturnType<RunContext['toCarrier']>;
    const secrets = { resolve: () => Secret.of('marked-secret') };
    const restored = RunContext.fromCarrier(carrier, { secrets });

    expect(name in carrier).toBe(
      // At the top no run is above.
      runFields[name].carrier !== undefined && name !== 'parentRunId',
    );
    if (name in carrier) expect(await shown[name](restored)).toEqual(child);
    expect(JSON.stringify(carrier)).not.toContain('marked-secret');
  });
});
