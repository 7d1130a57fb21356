import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import {
  createSession,
  currentContext,
  mapSecrets,
  PipelineRunner,
  type CostLedger,
  type ItemCompositeOptions,
  type PipelineContext,
  type PipelineDefinition,
  type RunContextOptions,
  type RunResult,
} from 'heirline';
import {
  definePipeline,
  delay,
  expectBalanced,
  nextTurn,
  outcomeOf,
} from '../integration/support/harness.js';
import { runs } from './support/runs.js';

/** How one of the runs goes. */
interface Tenant {
  readonly items: number;
  /** After how many turns of the event loop it is cancelled. */
  readonly cancelAfter: number | undefined;
  /** How many calls it may record. */
  readonly calls: number | undefined;
  /** The item that fails. */
  readonly failing: number | undefined;
}

/** How one of the levels of the pipeline that all runs share behaves. */
interface Level {
  readonly concurrency: number;
  readonly waits: 'not' | 'a turn' | 'a timer';
  readonly narrows: boolean;
  readonly own: 'nothing' | 'identity' | 'scope' | 'time';
}

const tenants = fc.array(
  fc.record<Tenant>({
    items: fc.integer({ min: 0, max: 6 }),
    cancelAfter: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 3 }),
    calls: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined, freq: 4 }),
    failing: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined, freq: 6 }),
  }),
  { minLength: 50, maxLength: 50 },
);
const levels = fc.array(
  fc.record<Level>({
    concurrency: fc.constantFrom(1, 1, 2, 16),
    waits: fc.constantFrom('not', 'a turn', 'a timer'),
    narrows: fc.boolean(),
    own: fc.constantFrom('nothing', 'identity', 'scope', 'time'),
  }),
  { minLength: 3, maxLength: 3 },
);

interface Item {
  readonly owner: number;
  readonly index: number;
}

/** What a node saw that its tenant must not see. */
const crossings: unknown[] = [];

/** Compares all that a node sees with what the tenant of its item must see. */
async function look({ owner, index }: Item, context: PipelineContext, waits: Level['waits']): Promise<void> {
  const see = async (): Promise<unknown> => ({
    tenant: context.run.tenantId,
    principal: context.run.principal,
    parameter: context.parameters.get('tenant'),
    secret: (await context.run.secrets.get('KEY')).reveal(),
    session: context.run.session.get('owner'),
    request: context.run.correlationId,
    root: context.run.rootRunId,
    ambient: currentContext()?.run.tenantId,
    ambientExecution: currentContext()?.pipelineId === context.pipelineId,
  });
  const expected = {
    tenant: `tenant-${String(owner)}`,
    principal: { name: `user-${String(owner)}` },
    parameter: owner,
    secret: `secret of tenant ${String(owner)}`,
    session: owner,
    request: `request-${String(owner)}`,
    root: `run-${String(owner)}`,
    ambient: `tenant-${String(owner)}`,
    ambientExecution: true,
  };
  const compare = async (): Promise<void> => {
    const seen = await see();
    if (!isDeepStrictEqual(seen, expected)) crossings.push({ path: context.path, seen, expected });
  };
  await compare();
  if (waits === 'a turn') await nextTurn();
  if (waits === 'a timer') await delay(1);
  await compare();
  const callId = `${String(owner)}-${String(index)}-${context.path}-${context.pipelineId}`;
  context.run.cost.record({ callId, model: `model-${String(owner)}`, inputTokens: 1, outputTokens: 0 });
  context.run.session.update<number>('seen', (seen) => seen + 1);
}

/** A pipeline of three levels, each a node and the next level. */
function pipelineOf(drawn: readonly Level[]): new () => PipelineDefinition {
  const below = drawn.reduceRight<(new () => PipelineDefinition<Item, Item>) | undefined>(
    (inner, { concurrency, waits, narrows, own }) =>
      definePipeline<Item, Item>('level', (builder) => {
        const work = builder.addTransform(
          async (item: Item, context) => {
            await look(item, context, waits);
            if (item.index === context.parameters.get('failing')) throw new Error('asked to fail');
            return item;
          },
          { name: 'work', from: builder.addCompositeInput(), concurrency },
        );
        const options: ItemCompositeOptions<Item> = {
          name: 'inner',
          concurrency,
          contextConfiguration: {
            inheritParentParameters: true,
            inheritRunIdentity: own !== 'identity',
          },
          cancellable: own === 'scope',
          timeoutMs: own === 'time' ? 60_000 : undefined,
          budget: own === 'scope' ? { calls: 1_000 } : undefined,
          secrets: narrows ? ['KEY'] : undefined,
        };
        const last = inner === undefined ? work : builder.addComposite(inner, { ...options, from: work });
        builder.connect(last, builder.addCompositeOutput());
      }),
    undefined,
  );
  if (below === undefined) throw new TypeError('there is a level');
  return definePipeline('root', (builder) => {
    const source = builder.addSource(
      ({ parameters }) => parameters.require<readonly Item[]>('items'),
      'items',
    );
    const composite = builder.addComposite(below, {
      name: 'top',
      from: source,
      concurrency: 4,
      contextConfiguration: { inheritParentParameters: true },
    });
    builder.connect(
      composite,
      builder.addSink(() => undefined, 'sink'),
    );
  });
}

const unhandled: unknown[] = [];
const note = (reason: unknown): number => unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

describe('50 runs at once on one pipeline, cancelled, out of budget and failing at random', () => {
  test('see their own tenant, secrets, session and context everywhere, and end once', async () => {
    await fc.assert(
      fc.asyncProperty(tenants, levels, async (drawn, shape) => {
        const definition = pipelineOf(shape);
        const ends = new Map<string, number>();
        const ended = ({ path, runId }: { path: string; runId: string }): void => {
          if (path === 'root') ends.set(runId, (ends.get(runId) ?? 0) + 1);
        };
        const runner = new PipelineRunner({
          executionObserver: { pipelineCompleted: ended, pipelineFailed: ended },
        });
        const all = drawn.map((tenant, owner) => start(runner, definition, tenant, owner));
        const outcomes = await Promise.all(all.map(({ outcome }) => outcome));

        for (const [owner, { code, result }] of outcomes.entries()) {
          expect([result.runId, ends.get(result.runId)]).toEqual([`run-${String(owner)}`, 1]);
          expectOwnEnd(drawn[owner], code, result);
          expectOwnCosts(owner, result.context.run.cost);
          expectBalanced(result);
          const { session } = all[owner] ?? {};
          const seen = result.status === 'succeeded' ? result.context.run.session.get('seen') : 0;
          expect(session?.get('seen')).toBe(seen);
        }
        await nextTurn();
        expect(crossings).toEqual([]);
        expect(unhandled).toEqual([]);
      }),
      runs(12),
    );
  }, 120_000);
});

function start(
  runner: PipelineRunner,
  definition: new () => PipelineDefinition,
  { items, cancelAfter, calls, failing }: Tenant,
  owner: number,
) {
  const session = createSession({ owner, seen: 0 });
  const cancelling = new AbortController();
  const run: RunContextOptions = {
    runId: `run-${String(owner)}`,
    tenantId: `tenant-${String(owner)}`,
    principal: { name: `user-${String(owner)}` },
    correlationId: `request-${String(owner)}`,
    secrets: mapSecrets({ KEY: `secret of tenant ${String(owner)}` }),
    session,
    budget: { calls },
    signal: cancelling.signal,
  };
  const parameters = {
    tenant: owner,
    failing,
    items: Array.from({ length: items }, (_, index) => ({ owner, index })),
  };
  const outcome = outcomeOf(runner.run(definition, { run, parameters }));
  if (cancelAfter !== undefined) void cancelLater(cancelling, cancelAfter);
  return { session, outcome };
}

async function cancelLater(cancelling: AbortController, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await nextTurn();
  cancelling.abort({ kind: 'user', message: 'enough' });
}

function expectOwnEnd(tenant: Tenant | undefined, code: string, result: RunResult): void {
  const possible = ['none'];
  if (tenant?.cancelAfter !== undefined) possible.push('RUN_CANCELLED');
  if (tenant?.calls !== undefined) possible.push('BUDGET_EXCEEDED');
  if (tenant?.failing !== undefined) possible.push('NODE_FAILED');
  expect(possible).toContain(code);
  const status = { none: 'succeeded', NODE_FAILED: 'failed' }[code] ?? 'cancelled';
  expect(result.status).toBe(status);
}

function expectOwnCosts(owner: number, cost: CostLedger): void {
  const models = new Set(cost.entries.map(({ model }) => model));
  expect([...models]).toEqual(cost.entries.length === 0 ? [] : [`model-${String(owner)}`]);
}
