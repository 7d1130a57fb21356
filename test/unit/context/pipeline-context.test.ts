import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { PipelineContext, viewOf } from '../../../src/context/pipeline-context.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { childOf, rootFrame } from '../support/frames.js';
import { errorOf, misuse } from '../support/thrown.js';

describe('a context', () => {
  test('printed or serialised shows its ids only', () => {
    const frame = childOf(rootFrame({ parameters: { password: 'hunter2' } }), {
      inheritParentParameters: true,
    });
    const view = viewOf(frame, 'check', frame.scope);
    const { runId, pipelineId } = view;

    expect(JSON.parse(JSON.stringify(view))).toEqual({
      runId,
      rootRunId: runId,
      pipelineId,
      pipelineName: 'child',
      path: 'root/child',
      currentNodeId: 'check',
      parent: { nodeId: 'child', pipelineId: frame.parent?.pipelineId, pipelineName: 'root' },
    });
    for (const text of [inspect(view), inspect({ deep: [view] }), JSON.stringify({ view })]) {
      expect(text).not.toContain('hunter2');
    }
  });

  test('cancels from where it stands: the node that it was given to', () => {
    const frame = rootFrame();
    viewOf(frame, 'check', frame.scope).cancel({ kind: 'budget' });

    expect(frame.scope.reason).toMatchObject({ kind: 'budget', path: 'root/check' });
  });

  test('has the services and the logger that it was made with', () => {
    const services = {
      executionObserver: {},
      lineageSink: { record: () => undefined },
      deadLetterSink: { write: () => undefined },
      deadLetterDecorator: misuse<() => never>(() => undefined),
    };
    const info = vi.fn();
    const context = new PipelineContext({
      ...services,
      run: { runId: 'r1', tenantId: 't1' },
      logger: { ...silentLogger, info },
    });
    const { executionObserver, lineageSink, deadLetterSink, deadLetterDecorator, logger } = context;
    logger.info({ step: 1 }, 'a line');

    expect({ executionObserver, lineageSink, deadLetterSink, deadLetterDecorator }).toEqual(services);
    expect(info).toHaveBeenCalledExactlyOnceWith(
      { runId: 'r1', tenantId: 't1', path: '', step: 1 },
      'a line',
    );
    expect(new PipelineContext().logger).toBe(silentLogger);
  });

  const wrong: readonly unknown[] = [
    { parameter: {} },
    { parameters: 'a' },
    { run: 'r1' },
    { run: { runid: 'r1' } },
    { run: { runId: '' } },
    { run: { timeoutMs: -1 } },
    { run: { deadline: new Date(NaN) } },
    { run: { signal: new AbortController() } },
    { signal: {} },
    { lineageSink: {} },
    { deadLetterSink: () => undefined },
    { deadLetterDecorator: {} },
    { logger: console.log },
    'text',
    null,
  ];
  for (const options of wrong) {
    test(`refuses ${inspect(options, { breakLength: Infinity })} as options`, () => {
      expect(errorOf(() => new PipelineContext(misuse(options))).code).toBe('OPTION_INVALID');
    });
  }
});
