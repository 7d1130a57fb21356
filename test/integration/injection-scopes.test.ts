import 'reflect-metadata';
import { Container, inject, injectable } from 'inversify';
import { describe, expect, test } from 'vitest';
import {
  captureContext,
  PipelineRunner,
  TransformNode,
  withContext,
  type Logger,
  type PipelineBuilder,
} from 'heirline';
import { perExecution, perRun } from 'heirline/inversify';
import { definePipeline, errorOf, nextTurn, range, rejectionOf, unhandledDuring } from './support/harness.js';

const Unit = Symbol('Unit');
const Connection = Symbol('Connection');

let log: string[] = [];
let made = 0;

/** A unit of work, which says when it is made and disposed. */
class UnitOfWork {
  readonly id = (made += 1);

  constructor(readonly name = 'unit') {
    log.push(`${name} ${String(this.id)} made`);
  }

  dispose(): unknown {
    log.push(`${this.name} ${String(this.id)} disposed`);
    return undefined;
  }
}

@injectable()
class First extends TransformNode<string, string> {
  constructor(@inject(Unit) protected readonly unit: UnitOfWork) {
    super();
  }
  override transform(item: string): string {
    return `${item} ${String(this.unit.id)}`;
  }
}

@injectable()
class Second extends First {
  constructor(@inject(Unit) unit: UnitOfWork) {
    super(unit);
  }
}

/** Two nodes that each get the unit of work. */
const Child = definePipeline<string, string>('child', (builder) => {
  const first = builder.addTransform(First, { name: 'first', from: builder.addCompositeInput() });
  const second = builder.addTransform(Second, { name: 'second', from: first });
  builder.connect(second, builder.addCompositeOutput());
});

/** Runs the child once for each item. */
function parentOf(items: Iterable<string>, outputs: string[], concurrency = 1) {
  return definePipeline('parent', (builder: PipelineBuilder) => {
    const child = builder.addComposite(Child, { from: builder.addSource(items, 'source'), concurrency });
    builder.addSink((item: string) => outputs.push(item), { name: 'sink', from: child });
  });
}

function containerWith(bind: (container: Container) => void): Container {
  log = [];
  made = 0;
  const container = new Container();
  for (const type of [First, Second]) container.bind(type).toSelf();
  bind(container);
  return container;
}

describe('perExecution', () => {
  test('gives the nodes of one child the same instance, and each child its own, disposed at the end of the child', async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(perExecution(() => new UnitOfWork())),
    );
    const outputs: string[] = [];
    await new PipelineRunner({ container }).run(parentOf(['a', 'b'], outputs));

    expect(outputs).toEqual(['a 1 1', 'b 2 2']);
    expect(log).toEqual(['unit 1 made', 'unit 1 disposed', 'unit 2 made', 'unit 2 disposed']);
  });

  test('keeps 50 runs at once apart', async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(
        perExecution(async () => {
          await nextTurn();
          return new UnitOfWork();
        }),
      ),
    );
    const runner = new PipelineRunner({ container });
    const outputs = await Promise.all(range(1, 50).map((item) => runner.runItem(Child, String(item))));

    const pairs = outputs.map((output) => output.split(' ').slice(1));
    expect(pairs.every(([first, second]) => first === second)).toBe(true);
    expect(new Set(pairs.map(([first]) => first)).size).toBe(50);
    expect(log.filter((line) => line.endsWith('disposed'))).toHaveLength(50);
  });

  test('is not made where nobody asks for it, and is not left behind in a child that fails', async () => {
    @injectable()
    class Throws extends TransformNode<string, string> {
      constructor(@inject(Unit) _unit: UnitOfWork) {
        super();
      }
      override transform(): string {
        throw new RangeError('no');
      }
    }
    const container = containerWith((each) => {
      each.bind(Unit).toDynamicValue(perExecution(() => new UnitOfWork()));
      each.bind(Throws).toSelf();
    });
    const runner = new PipelineRunner({ container });
    await runner.run(parentOf([], []));
    expect(log).toEqual([]);

    const Failing = definePipeline<string, string>('failing', (builder) => {
      const node = builder.addTransform(Throws, { from: builder.addCompositeInput() });
      builder.connect(node, builder.addCompositeOutput());
    });
    await rejectionOf(runner.runItem(Failing, 'a'));
    expect(log).toEqual(['unit 1 made', 'unit 1 disposed']);
  });

  test('is disposed before what it was made of', async () => {
    const container = containerWith((each) => {
      each.bind(Connection).toDynamicValue(perExecution(() => new UnitOfWork('connection')));
      each.bind(Unit).toDynamicValue(
        perExecution((context) => {
          context.get(Connection);
          return new UnitOfWork();
        }),
      );
    });
    await new PipelineRunner({ container }).runItem(Child, 'a');

    expect(log).toEqual(['connection 1 made', 'unit 2 made', 'unit 2 disposed', 'connection 1 disposed']);
  });

  test.each<[string, () => object, ((unit: object) => unknown) | undefined]>([
    [
      'Symbol.asyncDispose',
      () => ({ [Symbol.asyncDispose]: note('async'), dispose: note('plain') }),
      undefined,
    ],
    ['Symbol.dispose', () => ({ [Symbol.dispose]: note('sync'), dispose: note('plain') }), undefined],
    ['dispose', () => ({ dispose: note('plain') }), undefined],
    ['the second argument', () => ({ dispose: note('plain') }), () => log.push('given')],
    ['nothing where there is nothing', () => ({}), undefined],
  ])('is disposed by %s', async (name, factory, dispose) => {
    const container = containerWith((each) => each.bind(Unit).toDynamicValue(perExecution(factory, dispose)));
    await new PipelineRunner({ container }).runItem(Child, 'a');

    const expected = { 'Symbol.asyncDispose': 'async', 'Symbol.dispose': 'sync', dispose: 'plain' };
    const last = name === 'the second argument' ? 'given' : (expected as Record<string, string>)[name];
    expect(log).toEqual(last === undefined ? [] : [last]);
  });

  test('whose disposal fails is DISPOSAL_FAILED in a run that else succeeded', async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(
        perExecution(
          () => new UnitOfWork(),
          () => Promise.reject(new RangeError('still busy')),
        ),
      ),
    );
    const error = await rejectionOf(new PipelineRunner({ container }).runItem(Child, 'a'));

    expect(error).toMatchObject({ code: 'DISPOSAL_FAILED', cause: { message: 'still busy' } });
  });

  test('whose factory throws is NODE_ACTIVATION_FAILED, and is tried again', async () => {
    let tries = 0;
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(
        perExecution(() => {
          tries += 1;
          throw new RangeError('no database');
        }),
      ),
    );
    const runner = new PipelineRunner({ container });
    for (let run = 0; run < 2; run += 1) {
      const error = await rejectionOf(runner.runItem(Child, 'a'));
      expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'child/first' });
      expect(error.message).toContain('no database');
    }

    expect(tries).toBe(2);
  });

  test('whose factory rejects is NODE_ACTIVATION_FAILED, is tried again, and ends no process', async () => {
    let isDown = false;
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(
        perExecution(async () => {
          await nextTurn();
          if (isDown) throw new RangeError('no database');
          return new UnitOfWork();
        }),
      ),
    );
    const runner = new PipelineRunner({ container });
    await runner.runItem(Child, 'a');
    const unhandled = await unhandledDuring(async () => {
      isDown = true;
      const error = await rejectionOf(runner.runItem(Child, 'b'));
      expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'child/first' });
      expect(error.message).toContain('no database');
    });
    isDown = false;

    expect(await runner.runItem(Child, 'c')).toBe('c 2 2');
    expect(unhandled).toEqual([]);
  });

  test("means the root in a node with lifetime 'run'", async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(perExecution(() => new UnitOfWork())),
    );
    const Kept = definePipeline<string, string>('kept', (builder) => {
      const first = builder.addTransform(First, { from: builder.addCompositeInput(), lifetime: 'run' });
      const second = builder.addTransform(Second, { from: first });
      builder.connect(second, builder.addCompositeOutput());
    });
    const outputs: string[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const kept = builder.addComposite(Kept, { from: builder.addSource(['a', 'b'], 'source') });
      builder.addSink((item: string) => outputs.push(item), { from: kept });
    });
    await new PipelineRunner({ container }).run(Parent);

    expect(outputs).toEqual(['a 1 2', 'b 1 3']);
    expect(log.at(-1)).toBe('unit 1 disposed');
  });

  test('is NO_CONTEXT outside, and a new one for each call of withContext', async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(perExecution(() => new UnitOfWork())),
    );
    expect(errorOf(() => perExecution(() => 1)(undefined as never)).code).toBe('NO_CONTEXT');
    const ids: number[] = [];
    for (let call = 0; call < 2; call += 1) {
      await withContext({}, () => {
        ids.push(container.get<UnitOfWork>(Unit).id, container.get<UnitOfWork>(Unit).id);
      });
    }

    expect(ids).toEqual([1, 1, 2, 2]);
    expect(log.filter((line) => line.endsWith('disposed'))).toHaveLength(2);
  });

  test('made where no end will come is disposed at once, and refused', async () => {
    const lines: unknown[] = [];
    const ignore = (): void => undefined;
    const logger: Logger = {
      trace: ignore,
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (_, text) => lines.push(text),
    };
    containerWith(() => undefined);
    const unit = perExecution(
      () => new UnitOfWork(),
      (made: UnitOfWork) => {
        made.dispose();
        throw new RangeError('no');
      },
    );
    const captured = await withContext({ logger }, () => captureContext());

    expect(errorOf(() => captured.run(() => unit(undefined as never))).code).toBe('CONTEXT_DISPOSED');
    await nextTurn();
    expect(log).toEqual(['unit 1 made', 'unit 1 disposed']);
    expect(lines).toEqual(['a disposer failed']);
  });

  test('refuses what is no function', () => {
    expect(errorOf(() => perExecution({} as never)).code).toBe('OPTION_INVALID');
    expect(errorOf(() => perRun(() => 1, true as never)).code).toBe('OPTION_INVALID');
  });
});

describe('perRun', () => {
  test('gives all nodes of a run the same instance, at every level, and each run its own', async () => {
    const container = containerWith((each) => each.bind(Unit).toDynamicValue(perRun(() => new UnitOfWork())));
    const runner = new PipelineRunner({ container });
    const outputs: string[] = [];
    await runner.run(parentOf(['a', 'b'], outputs, 2));
    await runner.run(parentOf(['c'], outputs));

    expect(outputs).toEqual(['a 1 1', 'b 1 1', 'c 2 2']);
    expect(log).toEqual(['unit 1 made', 'unit 1 disposed', 'unit 2 made', 'unit 2 disposed']);
  });
});

describe('a binding that is asynchronous', () => {
  test('is awaited when the node is activated; get is tried once per class and runner', async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(async () => {
        await nextTurn();
        return new UnitOfWork();
      }),
    );
    const asked: string[] = [];
    const counting = {
      isBound: (type: never) => container.isBound(type),
      get: <T>(type: new (...args: never[]) => T): T => {
        asked.push(`get ${type.name}`);
        return container.get<T>(type as never);
      },
      getAsync: <T>(type: new (...args: never[]) => T): Promise<T> => {
        asked.push(`getAsync ${type.name}`);
        return container.getAsync<T>(type as never);
      },
    };
    const outputs: string[] = [];
    const runner = new PipelineRunner({ container: counting });
    await runner.run(parentOf(['a', 'b'], outputs));
    await runner.run(parentOf(['c'], outputs));

    expect(outputs.map((output) => output[0])).toEqual(['a', 'b', 'c']);
    expect(asked.filter((line) => line.startsWith('get '))).toEqual(['get First', 'get Second']);
    expect(asked.filter((line) => line.startsWith('getAsync '))).toHaveLength(6);
  });

  test("is awaited once for a node with lifetime 'run'", async () => {
    const container = containerWith((each) =>
      each.bind(Unit).toDynamicValue(async () => {
        await nextTurn();
        return new UnitOfWork();
      }),
    );
    const Kept = definePipeline<string, string>('kept', (builder) => {
      const first = builder.addTransform(First, { from: builder.addCompositeInput(), lifetime: 'run' });
      builder.connect(first, builder.addCompositeOutput());
    });
    const outputs: string[] = [];
    const Parent = definePipeline('parent', (builder) => {
      const kept = builder.addComposite(Kept, { from: builder.addSource(['a', 'b'], 'source') });
      builder.addSink((item: string) => outputs.push(item), { from: kept });
    });
    await new PipelineRunner({ container }).run(Parent);

    expect(new Set(outputs.map((output) => output.slice(1))).size).toBe(1);
  });

  test('whose promise is given by get itself is refused: that is what getAsync is for', async () => {
    const given = [
      () => Promise.resolve(new First(new UnitOfWork())),
      () => Promise.reject(new Error('no database')),
    ];
    const One = definePipeline<string, string>('one', (builder) => {
      const first = builder.addTransform(First, { from: builder.addCompositeInput() });
      builder.connect(first, builder.addCompositeOutput());
    });

    for (const get of given) {
      const container = { isBound: (type: unknown) => type === First, get: get as never };
      const unhandled = await unhandledDuring(async () => {
        const error = await rejectionOf(new PipelineRunner({ container }).runItem(One, 'a'));
        expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'one/First' });
        expect(error.message).toContain('getAsync');
      });
      expect(unhandled).toEqual([]);
    }
  });

  test('is NODE_ACTIVATION_FAILED where it rejects, gives no node, or the container has no getAsync', async () => {
    const refuse = () => {
      throw new Error('an asynchronous binding');
    };
    const bound = { isBound: (type: unknown) => type === First, get: refuse };
    const containers = [
      { ...bound, getAsync: () => Promise.reject(new RangeError('no database')) },
      { ...bound, getAsync: <T>() => Promise.resolve({} as T) },
      bound,
    ];
    for (const container of containers) {
      const error = await rejectionOf(new PipelineRunner({ container }).runItem(Child, 'a'));
      expect(error).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'child/first' });
    }
  });

  test('is refused, the promise handled, where isBound itself answers later', async () => {
    const unhandled = await unhandledDuring(async () => {
      const later = (type: unknown) =>
        type === Child ? false : (Promise.reject(new Error('later')) as never);
      const nodes = { isBound: later, get: () => undefined as never };
      const byNode = await rejectionOf(new PipelineRunner({ container: nodes }).runItem(Child, 'a'));
      const all = { isBound: () => later(undefined) as never, get: () => undefined as never };
      const byDefinition = await rejectionOf(new PipelineRunner({ container: all }).runItem(Child, 'a'));

      expect(byNode).toMatchObject({ code: 'NODE_ACTIVATION_FAILED', path: 'child/first' });
      expect(byDefinition.code).toBe('DEFINITION_INVALID');
    });

    expect(unhandled).toEqual([]);
  });

  test('of a definition that is bound and not given is DEFINITION_INVALID: nothing is constructed in its place', async () => {
    const container = { isBound: (type: unknown) => type === Child, get: () => undefined as never };
    const error = await rejectionOf(new PipelineRunner({ container }).runItem(Child, 'a'));

    expect(error.code).toBe('DEFINITION_INVALID');
  });

  test('of a definition is DEFINITION_INVALID, which says so', async () => {
    const container = new Container();
    container.bind(Child).toDynamicValue(() => Promise.resolve(new Child()));
    const promising = {
      isBound: (type: unknown) => type === Child,
      get: () => Promise.reject(new Error('no')) as never,
    };
    const unhandled = await unhandledDuring(async () => {
      for (const each of [container, promising]) {
        const error = await rejectionOf(new PipelineRunner({ container: each }).runItem(Child, 'a'));
        expect(error).toMatchObject({ code: 'DEFINITION_INVALID', path: 'child' });
        expect(error.message).toContain('bound asynchronously');
      }
    });

    expect(unhandled).toEqual([]);
  });
});

describe('a definition that is decorated for injection but not bound', () => {
  const Factor = Symbol('Factor');

  @injectable()
  class Scale {
    constructor(@inject(Factor) readonly factor: number) {}
    define(builder: PipelineBuilder<number, number>): void {
      builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
    }
  }

  class Rescale extends Scale {}

  class Fixed extends Scale {
    constructor() {
      super(2);
    }
  }

  test.each([
    ['as the root', Scale, 'Scale'],
    ['as a subclass that has the same constructor', Rescale, 'Rescale'],
  ])(
    'is DEFINITION_INVALID %s, never constructed with undefined arguments',
    async (_name, definition, path) => {
      for (const options of [{}, { container: new Container() }]) {
        const error = await rejectionOf(new PipelineRunner(options).runItem(definition, 1));
        expect(error).toMatchObject({ code: 'DEFINITION_INVALID', path });
        expect(error.message).toContain(`Bind ${path}`);
      }
    },
  );

  test('is DEFINITION_INVALID at every level below', async () => {
    const Inner = definePipeline<number, number>('inner', (builder) => {
      builder.connect(
        builder.addComposite(Scale, { name: 'scale', from: builder.addCompositeInput() }),
        builder.addCompositeOutput(),
      );
    });
    const Outer = definePipeline<number, number>('outer', (builder) => {
      builder.connect(
        builder.addComposite(Inner, { name: 'inner', from: builder.addCompositeInput() }),
        builder.addCompositeOutput(),
      );
    });
    const error = await rejectionOf(new PipelineRunner({ container: new Container() }).runItem(Outer, 1));

    expect(error.message).toContain('DEFINITION_INVALID');
    expect(error.message).toContain('outer/inner/scale');
  });

  test('is constructed where a subclass has a constructor of its own', async () => {
    expect(await new PipelineRunner().runItem(Fixed, 1)).toBe(1);
  });
});

function note(text: string) {
  return () => {
    log.push(text);
  };
}
