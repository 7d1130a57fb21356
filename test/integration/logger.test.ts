import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { mapSecrets, PipelineRunner, runPipeline, type Logger } from 'heirline';
import { definePipeline } from './support/harness.js';

/** A pino logger as its users make it, and the lines that it has written. */
function pinoLogger(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { logger: pino({ base: null, timestamp: false, level: 'debug' }, target), lines };
}

const step = definePipeline<number, number>('step', (builder) => {
  const work = builder.addTransform(
    (item: number, { logger }) => {
      logger.debug({ item }, 'working');
      return item;
    },
    { name: 'work', from: builder.addCompositeInput() },
  );
  builder.connect(work, builder.addCompositeOutput());
});
const orders = definePipeline('orders', (builder) => {
  const steps = builder.addComposite(step, { name: 'step', from: builder.addSource([1]) });
  builder.connect(
    steps,
    builder.addSink(() => undefined),
  );
});

describe('a pino logger', () => {
  test('is a logger as it is, and gets run, tenant and path with each line', async () => {
    const { logger, lines } = pinoLogger();
    await runPipeline(orders, { logger, run: { runId: 'r1', tenantId: 't1' } });

    expect(lines).toEqual([
      { level: 20, runId: 'r1', tenantId: 't1', path: 'orders/step/work', item: 1, msg: 'working' },
    ]);
  });

  test('gets an error that holds a secret as data, without the secret', async () => {
    const { logger, lines } = pinoLogger();
    const reading = definePipeline('reading', (builder) => {
      builder.addSink(
        async (_: number, context) => {
          const key = (await context.run.secrets.get('KEY')).reveal();
          context.logger.error({ err: new Error(`refused: ${key}`) }, `with ${key}`);
        },
        { name: 'read', from: builder.addSource([1]) },
      );
    });
    await runPipeline(reading, { logger, run: { secrets: mapSecrets({ KEY: 'a-very-secret-key' }) } });

    expect(lines).toEqual([
      expect.objectContaining({
        err: expect.objectContaining({ name: 'Error', message: 'refused: [secret]' }) as unknown,
        msg: 'with [secret]',
      }),
    ]);
  });
});

describe('a run that joins another one', () => {
  test('writes where that one does, under its own path', async () => {
    const { logger, lines } = pinoLogger();
    const outer = definePipeline('outer', (builder) => {
      builder.addSink(
        async (item: number, { run }) => {
          await new PipelineRunner().runItem(step, item, { run });
        },
        { name: 'start', from: builder.addSource([1]) },
      );
    });
    await runPipeline(outer, { logger, run: { runId: 'r1' } });

    expect(lines).toEqual([{ level: 20, runId: 'r1', path: 'step/work', item: 1, msg: 'working' }]);
  });
});
