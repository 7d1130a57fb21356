import { describe, expect, test } from 'vitest';
import { errorPolicy, PipelineRunner, runPipeline, type ItemRetried } from 'heirline';
import { RunEvents } from 'heirline/events';
import { RecordingObserver } from 'heirline/testing';
import { definePipeline } from './support/harness.js';

/** A pipeline whose node `send` fails once for each item. */
function retrying(items: readonly number[], onItem: (item: number) => unknown = () => undefined) {
  return definePipeline('retrying', (builder) => {
    const failed = new Set<number>();
    const send = (item: number) => {
      onItem(item);
      if (failed.has(item)) return;
      failed.add(item);
      throw new Error('down');
    };
    const from = builder.addSource(items, 'items');
    builder.addSink(send, {
      name: 'send',
      from,
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2 } } }),
    });
  });
}

describe('RunEvents', () => {
  test('gives a listener the events of one type, frozen and in order, of each run of a runner', async () => {
    const events = new RunEvents();
    const heard: ItemRetried[] = [];
    events.on('itemRetried', (event) => heard.push(event));
    const runner = new PipelineRunner({ executionObserver: events });

    const runs = [await runner.run(retrying([1, 2])), await runner.run(retrying([3]))];

    expect(heard.map(({ runId }) => runId)).toEqual([runs[0]?.runId, runs[0]?.runId, runs[1]?.runId]);
    expect(heard[0]).toMatchObject({ type: 'itemRetried', path: 'retrying/send', attempt: 2, delayMs: 0 });
    expect(heard.every((event) => Object.isFrozen(event))).toBe(true);
  });

  test('hears every type of event that an observer hears', async () => {
    const recording = new RecordingObserver();
    const events = new RunEvents();
    const heard: string[] = [];
    for (const type of [
      'pipelineStarted',
      'nodeStarted',
      'itemFailed',
      'itemRetried',
      'nodeCompleted',
      'pipelineCompleted',
    ] as const)
      events.on(type, (event) => heard.push(event.type));

    await new PipelineRunner({ executionObserver: events }).run(retrying([1]), {
      executionObserver: recording,
    });

    expect(heard).toEqual(recording.events.map(({ type }) => type));
  });

  test('stops with the function that on returns, which ends this listening alone', async () => {
    const events = new RunEvents();
    const heard: number[] = [];
    const listener = ({ attempt }: ItemRetried) => heard.push(attempt);
    const stop = events.on('itemRetried', listener);
    events.on('itemRetried', listener);

    await runPipeline(retrying([1]), { executionObserver: events });
    stop();
    stop();
    await runPipeline(retrying([1]), { executionObserver: events });

    expect(heard).toHaveLength(3);
  });

  test('hears one event with once, and none after off', async () => {
    const events = new RunEvents();
    const heard: string[] = [];
    const both = () => heard.push('both');
    events.once('itemRetried', () => heard.push('once'));
    events.once('itemRetried', () => heard.push('never'))();
    events.on('itemRetried', both);
    events.once('itemRetried', both);
    events.off('itemRetried', both);
    events.off('itemFailed', both);

    await runPipeline(retrying([1, 2]), { executionObserver: events });

    expect(heard).toEqual(['once']);
  });

  test('can be listened to while a run goes on', async () => {
    const events = new RunEvents();
    const heard: string[] = [];
    const Late = retrying([1, 2], (item) => {
      if (item === 2) events.once('itemRetried', ({ path }) => heard.push(path));
    });

    await runPipeline(Late, { executionObserver: events });

    expect(heard).toEqual(['retrying/send']);
  });

  test('goes on to the other listeners after one that throws or rejects, and the run logs what failed', async () => {
    const events = new RunEvents();
    const lines: unknown[] = [];
    const ignore = () => undefined;
    const logger = {
      trace: ignore,
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (fields: object) => lines.push(fields),
    };
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    const heard: string[] = [];
    events.on('itemRetried', () => {
      throw thrown;
    });
    events.on('itemFailed', () => Promise.reject(rejected));
    events.on('itemRetried', () => heard.push('the next'));

    const { status } = await runPipeline(retrying([1]), { executionObserver: events, logger });

    expect({ status, heard }).toEqual({ status: 'succeeded', heard: ['the next'] });
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ error: thrown, event: 'itemRetried', path: 'retrying/send' }),
        expect.objectContaining({ error: rejected, event: 'itemFailed' }),
      ]),
    );
  });

  test('refuses events that do not exist, and listeners that are no functions', () => {
    const events = new RunEvents();

    for (const method of ['on', 'once', 'off'] as const) {
      expect(() => events[method]('itemRetryed' as 'itemRetried', () => undefined)).toThrow(
        "'itemRetried' may be meant",
      );
      expect(() => events[method]('itemRetried', 'listener' as never)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }) as Error,
      );
    }
    expect(() => events.on(7 as never, () => undefined)).toThrow('the name of an event');
  });
});
