import { AsyncLocalStorage } from 'node:async_hooks';
import { PipelineRunner, TransformNode } from 'heirline';
import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import { compare } from './compare.js';

const ITEMS = 100_000;
let sum = 0;

class Add extends TransformNode<number, number> {
  override transform(item: number): number {
    return item + 1;
  }
}

class Double extends TransformNode<number, number> {
  override transform(item: number): number {
    return item * 2;
  }
}

class Child implements PipelineDefinition<number, number> {
  define(builder: PipelineBuilder<number, number>): void {
    const input = builder.addCompositeInput();
    const add = builder.addTransform(Add, { from: input });
    const double = builder.addTransform(Double, { from: add });
    builder.addCompositeOutput({ from: double });
  }
}

class Nested implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const numbers = builder.addSource(function* () {
      for (let item = 0; item < ITEMS; item += 1) yield item;
    }, 'numbers');
    const child = builder.addComposite(Child, {
      name: 'child',
      from: numbers,
      contextConfiguration: { inheritParentParameters: true, inheritParentItems: true },
    });
    builder.addSink((item: number) => void (sum += item), { name: 'sum', from: child });
  }
}

const runner = new PipelineRunner();
const storage = new AsyncLocalStorage<{ readonly item: number }>();
const parameters = Object.fromEntries(
  Array.from({ length: 1000 }, (_, index) => [`key-${String(index)}`, index]),
);

function handWritten(): number {
  let total = 0;
  for (let item = 0; item < ITEMS; item += 1) {
    const [add, double] = [new Add(), new Double()];
    total += double.transform(add.transform(item));
  }
  return total;
}

/** What a careful user writes by hand for a nested call that knows its context. */
async function handWrittenWithContext(): Promise<number> {
  let total = 0;
  for (let item = 0; item < ITEMS; item += 1) {
    total += await storage.run({ item }, async () => {
      const [add, double] = [new Add(), new Double()];
      return double.transform(add.transform(item));
    });
  }
  return total;
}

async function nested(context: object): Promise<number> {
  sum = 0;
  await runner.run(Nested, context);
  return sum;
}

await compare('composite of 2 class transforms, per item', ITEMS, [
  { name: 'hand-written loop', run: handWritten },
  { name: 'loop, await, AsyncLocalStorage', run: handWrittenWithContext },
  { name: 'heirline, nothing to inherit', run: () => nested({}) },
  { name: 'heirline, 1,000 keys inherited', run: () => nested({ parameters }) },
]);
