import { PipelineRunner } from 'heirline';
import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import { compare } from './compare.js';

const ITEMS = 1_000_000;
const steps = [(item: number) => item + 1, (item: number) => item * 2, (item: number) => item - 3] as const;
let sum = 0;

class Flat implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const numbers = builder.addSource(function* () {
      for (let item = 0; item < ITEMS; item += 1) yield item;
    }, 'numbers');
    const one = builder.addTransform(steps[0], { name: 'one', from: numbers });
    const two = builder.addTransform(steps[1], { name: 'two', from: one });
    const three = builder.addTransform(steps[2], { name: 'three', from: two });
    builder.addSink((item: number) => void (sum += item), { name: 'sum', from: three });
  }
}

const runner = new PipelineRunner();

/** The steps from an array that changes: the compiler cannot inline them, as it cannot for any library. */
function handWritten(): number {
  const functions: ((item: number) => number)[] = [...steps];
  let total = 0;
  for (let item = 0; item < ITEMS; item += 1) {
    let value = item;
    for (const step of functions) value = step(value);
    total += value;
  }
  return total;
}

await compare('flat, 3 synchronous transforms', ITEMS, [
  { name: 'hand-written loop', run: handWritten },
  {
    name: 'heirline',
    async run() {
      sum = 0;
      await runner.run(Flat);
      return sum;
    },
  },
]);
