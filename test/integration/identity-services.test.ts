import { describe, expect, it } from 'vitest';
import {
  CompositeContextConfiguration,
  PipelineRunner,
  errorPolicy,
  runPipeline,
  type CompositeContextOptions,
  type DeadLetterEnvelope,
  type ExecutionObserver,
  type LineageRecord,
  type PipelineDefinition,
} from 'heirline';
import { rejectionOf, subPipeline, throughChild, turn, wrapping } from './support/pipelines.js';

const items = Array.from({ length: 48 }, (_, index) => index);
const failing = items.filter((item) => item % 3 === 0);
const skipping = errorPolicy({ then: 'skip' });

type Switches = Pick<
  CompositeContextOptions,
  'inheritRunIdentity' | 'inheritExecutionObserver' | 'inheritLineageSink' | 'inheritDeadLetterDecorator'
>;

/**
 * Root → child → inner → inner, 16 items at once; the lowest node dead-letters every third item.
 * The switches are set at one of the three composites, which also skips what fails inside it.
 */
function threeDeep(
  switches: Switches,
  level: 1 | 2 | 3,
): {
  Root: new () => PipelineDefinition;
  received: number[];
  runIds: Set<string>;
} {
  const runIds = new Set<string>();
  const optionsAt = (here: number): object => ({
    concurrency: 16,
    ...(here === level ? { contextConfiguration: switches, errorPolicy: skipping } : {}),
  });
  const Lowest = subPipeline(
    async (item: number, context) => {
      await turn();
      runIds.add(context.runId);
      if (item % 3 === 0) throw new Error(`item ${item}`);
      return item;
    },
    { errorPolicy: errorPolicy({ then: 'deadLetter' }) },
  );
  const Middle = wrapping(Lowest, optionsAt(3));
  const Upper = wrapping(Middle, optionsAt(2));
  return { ...throughChild(items, Upper, optionsAt(1)), runIds };
}

const composites = ['Root/child', 'Root/child/inner', 'Root/child/inner/inner'] as const;
const work = 'Root/child/inner/inner/work';

const combinations = Array.from({ length: 16 }, (_, bits) => ({
  inheritRunIdentity: (bits & 1) !== 0,
  inheritExecutionObserver: (bits & 2) !== 0,
  inheritLineageSink: (bits & 4) !== 0,
  inheritDeadLetterDecorator: (bits & 8) !== 0,
}));
const cases = ([1, 2, 3] as const).flatMap((level) =>
  combinations.map((switches): [level: 1 | 2 | 3, on: string, switches: Switches] => [
    level,
    Object.entries(switches)
      .filter(([, on]) => on)
      .map(([name]) => name)
      .join(' ') || 'none',
    switches,
  ]),
);

describe('The four services of a run', () => {
  it.each(cases)('inherit each alone: at composite %i on are %s', async (level, _on, switches) => {
    const { Root, received, runIds } = threeDeep(switches, level);
    const started: string[] = [];
    const completed: string[] = [];
    const records: LineageRecord[] = [];
    const letters: DeadLetterEnvelope[] = [];
    const boundary = composites[level - 1] ?? '';

    const result = await runPipeline(Root, {
      executionObserver: {
        nodeStarted: (event) => started.push(event.path),
        nodeCompleted: (event) => completed.push(event.path),
      },
      lineageSink: { record: (record) => records.push(record) },
      deadLetterSink: { write: (envelope) => letters.push(envelope) },
    });

    expect(received).toEqual(items.filter((item) => !failing.includes(item)));

    expect(runIds.has(result.runId)).toBe(switches.inheritRunIdentity);
    expect(runIds.size).toBe(switches.inheritRunIdentity ? 1 : items.length);

    const inside = (path: string): boolean => path.startsWith(`${boundary}/`);
    const expectedEvents = switches.inheritExecutionObserver ? items.length : 0;
    expect(started.filter((path) => path === work)).toHaveLength(expectedEvents);
    expect(completed.filter((path) => path === work)).toHaveLength(expectedEvents);
    if (!switches.inheritExecutionObserver) expect(started.filter(inside)).toEqual([]);
    expect(started).toContain(boundary);

    const terminals = records.filter((record) => record.terminal);
    expect(terminals).toHaveLength(items.length);
    expect(new Set(terminals.map((record) => record.correlationId)).size).toBe(items.length);
    if (!switches.inheritLineageSink) {
      expect(records.filter((record) => inside(record.path))).toEqual([]);
    } else if (switches.inheritDeadLetterDecorator) {
      expect(terminals.filter((record) => record.path === work)).toHaveLength(failing.length);
    }

    if (switches.inheritDeadLetterDecorator) {
      expect(letters.map((letter) => letter.item).sort((a, b) => Number(a) - Number(b))).toEqual(failing);
      expect(letters.every((letter) => letter.path === work)).toBe(true);
    } else {
      expect(letters).toEqual([]);
    }
  });
});

describe('The execution observer', () => {
  const Child = subPipeline((item: number) => item);

  function recording(paths: string[]): ExecutionObserver {
    return { nodeStarted: (event) => paths.push(event.path) };
  }

  it('gets the events of the child’s nodes, once each, with their path', async () => {
    const paths: string[] = [];
    const { Root } = throughChild([1, 2], Child);

    await runPipeline(Root, { executionObserver: recording(paths) });

    const inside = paths.filter((path) => path.startsWith('Root/child/')).sort();
    expect(inside).toEqual([
      'Root/child/input',
      'Root/child/input',
      'Root/child/output',
      'Root/child/output',
      'Root/child/work',
      'Root/child/work',
    ]);
  });

  it('of the runner and that of the context both get them', async () => {
    const ofRunner: string[] = [];
    const ofContext: string[] = [];
    const { Root } = throughChild([1], Child);
    const runner = new PipelineRunner({ executionObserver: recording(ofRunner) });

    await runner.run(Root, { executionObserver: recording(ofContext) });

    expect(ofRunner).toContain('Root/child/work');
    expect(ofRunner).toEqual(ofContext);
  });

  it('switched off gets none of them, also that of the runner', async () => {
    const ofRunner: string[] = [];
    const ofContext: string[] = [];
    const { Root } = throughChild([1], Child, {
      contextConfiguration: { inheritExecutionObserver: false },
    });
    const runner = new PipelineRunner({ executionObserver: recording(ofRunner) });

    await runner.run(Root, { executionObserver: recording(ofContext) });

    for (const paths of [ofRunner, ofContext]) {
      expect(paths).toContain('Root/child');
      expect(paths.filter((path) => path.startsWith('Root/child/'))).toEqual([]);
    }
  });

  it('does not come back by turning the properties on', async () => {
    const paths: string[] = [];
    const { Root } = throughChild([1], Child, {
      contextConfiguration: {
        inheritParentProperties: true,
        inheritParentItems: true,
        inheritParentParameters: true,
        inheritExecutionObserver: false,
      },
    });

    await runPipeline(Root, { executionObserver: recording(paths) });

    expect(paths.filter((path) => path.startsWith('Root/child/'))).toEqual([]);
  });

  it('does not come back below a level that switched it off', async () => {
    const paths: string[] = [];
    const { Root } = throughChild(
      [1],
      wrapping(Child, { contextConfiguration: CompositeContextConfiguration.inheritAll }),
      { contextConfiguration: { inheritExecutionObserver: false } },
    );

    await runPipeline(Root, { executionObserver: recording(paths) });

    expect(paths.filter((path) => path.startsWith('Root/child/'))).toEqual([]);
  });
});

describe('The lineage sink', () => {
  it('gets the hops of the child under the same correlation id', async () => {
    const records: LineageRecord[] = [];
    const { Root } = throughChild([1, 2, 3], wrapping(subPipeline((item: number) => item)));

    await runPipeline(Root, { lineageSink: { record: (record) => records.push(record) } });

    const terminals = records.filter((record) => record.terminal);
    expect(new Set(records.map((record) => record.correlationId)).size).toBe(3);
    expect(terminals).toHaveLength(3);
    for (const record of terminals) {
      expect(record.outcome).toBe('emitted');
      expect(record.traversal.map((hop) => hop.path)).toContain('Root/child/inner/work');
    }
  });

  it('switched off gets no hop and no record of the child', async () => {
    const records: LineageRecord[] = [];
    const { Root } = throughChild(
      [1, 2, 3],
      subPipeline((item: number) => item),
      {
        contextConfiguration: { inheritLineageSink: false },
      },
    );

    await runPipeline(Root, { lineageSink: { record: (record) => records.push(record) } });

    expect(records.filter((record) => record.terminal)).toHaveLength(3);
    const paths = records.flatMap((record) => [record.path, ...record.traversal.map((hop) => hop.path)]);
    expect(paths.filter((path) => path.startsWith('Root/child/'))).toEqual([]);
  });
});

describe('The dead-letter sink', () => {
  const Child = subPipeline(
    (item: number) => {
      if (item === 2) throw new Error('two');
      return item;
    },
    { errorPolicy: errorPolicy({ then: 'deadLetter' }) },
  );

  it('gets the failed items of the child, through its decorator', async () => {
    const letters: DeadLetterEnvelope[] = [];
    const { Root, received } = throughChild([1, 2, 3], wrapping(Child));

    await runPipeline(Root, {
      deadLetterSink: { write: (envelope) => letters.push(envelope) },
      deadLetterDecorator: (envelope) => ({ ...envelope, correlationId: 'stamped' }),
    });

    expect(received).toEqual([1, 3]);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      item: 2,
      path: 'Root/child/inner/work',
      correlationId: 'stamped',
    });
  });

  it('of the runner gets them through the decorator of the context', async () => {
    const letters: DeadLetterEnvelope[] = [];
    const { Root } = throughChild([2], Child);
    const runner = new PipelineRunner({
      deadLetterSink: { write: (envelope) => letters.push(envelope) },
    });

    await runner.run(Root, {
      deadLetterDecorator: (envelope) => ({ ...envelope, correlationId: 'stamped' }),
    });

    expect(letters.map((letter) => letter.correlationId)).toEqual(['stamped']);
  });

  it('of the context replaces that of the runner', async () => {
    const ofRunner: DeadLetterEnvelope[] = [];
    const ofContext: DeadLetterEnvelope[] = [];
    const { Root } = throughChild([2], Child);
    const runner = new PipelineRunner({
      deadLetterSink: { write: (envelope) => ofRunner.push(envelope) },
    });

    await runner.run(Root, { deadLetterSink: { write: (envelope) => ofContext.push(envelope) } });

    expect(ofContext).toHaveLength(1);
    expect(ofRunner).toEqual([]);
  });

  it('switched off is out of scope: the item fails, and the message says why', async () => {
    const letters: DeadLetterEnvelope[] = [];
    const { Root } = throughChild([2], Child, {
      contextConfiguration: { inheritDeadLetterDecorator: false },
    });

    const error = await rejectionOf(
      runPipeline(Root, { deadLetterSink: { write: (envelope) => letters.push(envelope) } }),
    );

    expect(letters).toEqual([]);
    expect(error.path).toBe('Root/child/work');
    expect(error.message).toMatch(/dead.?letter/i);
  });

  it('with a decorator that throws ends the run with SINK_REJECTED', async () => {
    const { Root } = throughChild([2], Child);

    const error = await rejectionOf(
      runPipeline(Root, {
        deadLetterSink: { write: () => undefined },
        deadLetterDecorator: () => {
          throw new Error('no stamp');
        },
      }),
    );

    expect(error.code).toBe('SINK_REJECTED');
  });
});
