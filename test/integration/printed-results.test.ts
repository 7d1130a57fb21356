import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  mapSecrets,
  PipelineError,
  runPipeline,
  type PipelineBuilder,
  type PipelineDefinition,
  type RunResult,
} from 'heirline';
import { testPipeline } from 'heirline/testing';

class Double implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>) {
    const double = builder.addTransform((item) => item * 2, {
      name: 'double',
      from: builder.addCompositeInput(),
    });
    builder.connect(double, builder.addCompositeOutput());
  }
}

class Orders implements PipelineDefinition {
  constructor(private readonly worst: number) {}

  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([1, 2, 3], 'numbers');
    const doubled = builder.addComposite(Double, { name: 'doubled', from: numbers });
    const save = async (item: number, { run }: { run: RunResult['context']['run'] }) => {
      await run.secrets.get('API_KEY');
      run.cost.record({ callId: `call-${item}`, model: 'small', inputTokens: item, outputTokens: 0 });
      if (item > this.worst) throw new Error('too much');
    };
    builder.addSink(save, { name: 'save', from: doubled });
  }
}

const context = () => ({
  parameters: { password: 'open sesame' },
  items: { database: { password: 'open sesame' } },
  properties: { note: 'open sesame' },
  run: { runId: 'run-1', secrets: mapSecrets({ API_KEY: 'open sesame' }) },
});

async function failed(): Promise<PipelineError> {
  const error: unknown = await runPipeline(new Orders(4), context()).catch((error: unknown) => error);
  if (!(error instanceof PipelineError)) throw new Error('the run should have failed', { cause: error });
  return error;
}

function asJson(result: RunResult | undefined): Record<string, unknown> {
  return JSON.parse(JSON.stringify(result)) as Record<string, unknown>;
}

describe('a result as JSON', () => {
  it('has its ids, status, cost, and its counts by path: a Map alone would be written as {}', async () => {
    const result = await runPipeline(new Orders(6), context());
    const { pipelineId, durationMs, cost } = result;

    expect(asJson(result)).toEqual({
      runId: 'run-1',
      pipelineName: 'Orders',
      status: 'succeeded',
      nodes: Object.fromEntries(result.nodes),
      abandoned: [],
      failures: { shown: [], total: 0 },
      ...{ pipelineId, durationMs, cost },
    });
    expect(asJson(result)).toMatchObject({
      cost: [{ currency: null, amount: null, inputTokens: 12, calls: 3 }],
      nodes: { 'Orders/doubled/double': { in: 3, out: 3, failed: 0 } },
    });
  });

  it('says of a failed run how far it came', async () => {
    const { result } = await failed();

    expect(asJson(result)).toMatchObject({
      status: 'failed',
      nodes: { 'Orders/save': { in: 3, out: 2, failed: 1 } },
    });
  });

  it('says of a test whose pipeline could not start that no node has run', async () => {
    const { result } = await testPipeline(Orders).withSource('unknown', []).run();

    expect(asJson(result)).toMatchObject({ status: 'failed', nodes: {} });
    expect(JSON.stringify(result)).not.toContain('context');
  });
});

describe('a result that is printed', () => {
  it('shows neither parameters nor services nor secrets, in whatever way it is printed', async () => {
    const { result } = await failed();

    for (const printed of [JSON.stringify(result), inspect(result, { depth: Infinity, showHidden: true })]) {
      expect(printed).not.toContain('open sesame');
      expect(printed).toContain('Orders/doubled/double');
    }
  });

  it('shows its fields alone, and is equal to another one with the same fields', async () => {
    const { result } = await failed();

    expect(inspect(result)).not.toContain('toJSON');
    expect(result).toEqual({ ...result });
    expect(Object.isFrozen(result)).toBe(true);
  });

  it('is not printed with the error that carries it', async () => {
    const error = await failed();

    expect(inspect(error)).not.toContain('nodes:');
    expect(JSON.stringify(error)).not.toContain('nodes');
  });
});
