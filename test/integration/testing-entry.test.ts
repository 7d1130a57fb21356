import 'reflect-metadata';
import { Container, inject, injectable } from 'inversify';
import { describe, expect, test } from 'vitest';
import {
  contextKey,
  errorPolicy,
  PipelineError,
  runPipeline,
  SKIP,
  TransformNode,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
} from 'heirline';
import { MemorySink, MemorySource, RecordingObserver, testPipeline } from 'heirline/testing';
import { countsAt, definePipeline, nextTurn, throwAnything } from './support/harness.js';

interface Rates {
  of(currency: string): number;
}

const Currency = contextKey<string>('Currency');
const RatesKey = contextKey<Rates>('Rates');

/** Converts an amount with the rates that it finds among the context items. */
class Convert implements PipelineDefinition<number, number> {
  static readonly pipeline = { name: 'convert' };

  define(builder: PipelineBuilder<number, number>): void {
    const convert = builder.addTransform(
      (amount: number, context) =>
        amount * context.items.require(RatesKey).of(context.parameters.require(Currency)),
      { name: 'multiply', from: builder.addCompositeInput() },
    );
    const check = builder.addTransform(
      (amount: number) => {
        if (Number.isNaN(amount)) throw new TypeError('not a number');
        return amount < 0 ? SKIP : amount;
      },
      { name: 'check', from: convert },
    );
    builder.connect(check, builder.addCompositeOutput());
  }
}

class Invoices implements PipelineDefinition {
  static readonly pipeline = { name: 'invoices' };

  define(builder: PipelineBuilder): void {
    const amounts = builder.addSource([1, 2, 3], 'amounts');
    const convert = builder.addComposite(Convert, {
      name: 'convert',
      from: amounts,
      output: 'optional',
      contextConfiguration: { inheritParentParameters: true, inheritParentItems: true },
      errorPolicy: errorPolicy('deadLetter'),
    });
    const save = builder.addSink(() => throwAnything(new Error('tests must not reach the database')), 'save');
    const audit = builder.addSink(
      () => throwAnything(new Error('tests must not reach the archive')),
      'audit',
    );
    builder.connect(convert, save).connect(amounts, audit);
  }
}

const tenfold: Rates = { of: () => 10 };

describe('testPipeline on a sub-pipeline', () => {
  test('gives it inputs, parameters and items, and collects its outputs', async () => {
    const run = await testPipeline(Convert)
      .withParameter(Currency, 'NOK')
      .withItem(RatesKey, tenfold)
      .input([1, -1, 2])
      .run();

    expect(run.errors).toEqual([]);
    expect(run.succeeded).toBe(true);
    expect(run.outputs).toEqual([10, 20]);
    expect(countsAt(run.result, 'convert/check')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  test('takes string keys too, and properties', async () => {
    const seen: unknown[] = [];
    const Look = definePipeline<number, number>('look', (builder) => {
      const look = builder.addTransform(
        (item: number, context: PipelineContext) => {
          seen.push(context.parameters.get('a'), context.items.get('b'), context.properties.get('c'));
          return item;
        },
        { from: builder.addCompositeInput() },
      );
      builder.connect(look, builder.addCompositeOutput());
    });

    await testPipeline(Look).withParameter('a', 1).withItem('b', 2).withProperty('c', 3).input([0]).run();

    expect(seen).toEqual([1, 2, 3]);
  });

  test('never rejects: a failure is in its errors', async () => {
    const run = await testPipeline(Convert).withItem(RatesKey, tenfold).input([1]).run();

    expect(run.succeeded).toBe(false);
    expect(run.outputs).toEqual([]);
    expect(run.errors).toHaveLength(1);
    const [error] = run.errors;
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'convert/multiply' });
    expect(run.result.status).toBe('failed');
  });

  test('also where the pipeline cannot even be built', async () => {
    const run = await testPipeline(
      definePipeline<number, number>('wrong', (builder) => {
        builder.addCompositeInput();
      }),
    )
      .input([1])
      .run();

    expect(run.succeeded).toBe(false);
    expect(run.errors.length).toBeGreaterThan(0);
  });
});

describe('testPipeline on a root pipeline', () => {
  const prepared = () => testPipeline(Invoices).withParameter(Currency, 'NOK').withItem(RatesKey, tenfold);

  test('replaces its sinks by memory, by their names, and keeps its sources', async () => {
    const run = await prepared().run();

    expect(run.errors).toEqual([]);
    expect(run.sink('save')).toEqual([10, 20, 30]);
    expect(run.sink('audit')).toEqual([1, 2, 3]);
  });

  test('replaces a source where it is told to', async () => {
    const run = await prepared().withSource('amounts', [5, -5]).run();

    expect(run.sink('save')).toEqual([50]);
    expect(run.sink('audit')).toEqual([5, -5]);
  });

  test('collects dead letters', async () => {
    const run = await prepared().withSource('amounts', [1, Number.NaN]).run();

    expect(run.succeeded).toBe(true);
    expect(run.deadLetters).toHaveLength(1);
    expect(run.deadLetters[0]).toMatchObject({
      path: 'invoices/convert/check',
      decidedAt: 'invoices/convert',
    });
    expect(run.deadLetters[0]?.item).toBeNaN();
  });

  test('records events', async () => {
    const run = await prepared().run();

    const lines = run.events.map((event) => `${event.type} ${event.path}`);
    expect(lines[0]).toBe('pipelineStarted invoices');
    expect(lines.filter((line) => line === 'compositeStarted invoices/convert')).toHaveLength(3);
    expect(lines).toContain('nodeCompleted invoices/convert/check');
  });

  test('gives the context that the run left', async () => {
    const Writes = definePipeline('writes', (builder) => {
      const note = builder.addTransform(
        (item: number, context: PipelineContext) => {
          context.parameters.set('last', item);
          return item;
        },
        { from: builder.addSource([1, 2], 'source') },
      );
      builder.connect(
        note,
        builder.addSink(() => undefined, 'sink'),
      );
    });

    const run = await testPipeline(Writes).run();

    expect(run.context.parameters.get('last')).toBe(2);
  });

  test('replaces a node, also one inside a child', async () => {
    const run = await prepared()
      .replaceNode('convert/multiply', (amount: number) => amount + 1)
      .run();

    expect(run.errors).toEqual([]);
    expect(run.sink('save')).toEqual([2, 3, 4]);
  });

  test('replaces a child wherever it is used, and tells what it was given', async () => {
    const run = await prepared()
      .withChild(Convert, async (amount) => {
        await nextTurn();
        return amount * 100;
      })
      .run();

    expect(run.sink('save')).toEqual([100, 200, 300]);
    const child = run.child(Convert);
    expect(child.inputs).toEqual([1, 2, 3]);
    expect(child.contexts.map((context) => context.parameters.get(Currency))).toEqual(['NOK', 'NOK', 'NOK']);
    expect(child.contexts.map((context) => context.items.get(RatesKey))).toEqual([tenfold, tenfold, tenfold]);
  });

  test('a stub that throws fails the item as the child would', async () => {
    const run = await prepared()
      .withChild(Convert, (amount) => (amount === 2 ? throwAnything(new Error('no rate')) : amount))
      .run();

    expect(run.sink('save')).toEqual([1, 3]);
    expect(run.deadLetters.map((letter) => letter.item)).toEqual([2]);
  });

  test('a name that does not exist is NODE_UNKNOWN, and names what there is', async () => {
    const runs = [
      prepared().withSource('amount', [1]).run(),
      prepared()
        .replaceNode('convert/multipli', (item: number) => item)
        .run(),
      prepared()
        .replaceNode('nowhere', (item: number) => item)
        .run(),
    ];
    for (const run of await Promise.all(runs)) {
      expect(run.succeeded).toBe(false);
      expect(run.errors).toHaveLength(1);
      expect(run.errors[0]).toMatchObject({ code: 'NODE_UNKNOWN' });
    }
  });

  test('the definition itself is left as it was', async () => {
    await prepared().run();

    await expect(
      runPipeline(Invoices, { parameters: [[Currency, 'NOK']], items: [[RatesKey, tenfold]] }),
    ).rejects.toMatchObject({ code: 'NODE_FAILED' });
  });
});

describe('testPipeline with a container', () => {
  test('resolves bound nodes and definitions from it', async () => {
    const Offset = Symbol('Offset');
    @injectable()
    class Add extends TransformNode<number, number> {
      constructor(@inject(Offset) private readonly offset: number) {
        super();
      }
      override transform(item: number): number {
        return item + this.offset;
      }
    }
    const Adding = definePipeline<number, number>('adding', (builder) => {
      const add = builder.addTransform(Add, { name: 'add', from: builder.addCompositeInput() });
      builder.connect(add, builder.addCompositeOutput());
    });
    const container = new Container();
    container.bind(Offset).toConstantValue(100);
    container.bind(Add).toSelf();

    const run = await testPipeline(Adding).withContainer(container).input([1, 2]).run();

    expect(run.outputs).toEqual([101, 102]);
  });
});

describe('memory nodes', () => {
  test('a memory source gives its items in every run, a memory sink keeps them', async () => {
    const sink = new MemorySink<number>();
    const Copy = definePipeline('copy', (builder) => {
      builder.connect(
        builder.addSource(new MemorySource([1, 2, 3]), 'source'),
        builder.addSink(sink, 'sink'),
      );
    });

    await runPipeline(Copy);

    expect(sink.items).toEqual([1, 2, 3]);
  });

  test('a recording observer can be given to any run', async () => {
    const observer = new RecordingObserver();
    const Copy = definePipeline('copy', (builder) => {
      builder.connect(builder.addSource([1], 'source'), builder.addSink(new MemorySink<number>(), 'sink'));
    });

    await runPipeline(Copy, { executionObserver: observer });

    expect(observer.events.map((event) => event.type)).toEqual(
      expect.arrayContaining(['pipelineStarted', 'nodeStarted', 'nodeCompleted', 'pipelineCompleted']),
    );
  });
});
