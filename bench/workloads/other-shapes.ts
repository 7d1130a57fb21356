import type { Step } from '../harness/step.js';
import { Add, Double } from './class-nodes.js';

// Each function is written down on its own: closures of one function look like a single function to the compiler.
const map = (change: (value: number) => number): Step & { readonly kind: 'map' } => ({
  kind: 'map',
  map: change,
});
const mapAsync = (change: (value: number) => Promise<number>): Step & { readonly kind: 'map async' } => ({
  kind: 'map async',
  map: change,
});

const add = map((value) => value + 11);
const triple = map((value) => value * 3);
const halve = map((value) => value >> 1);
const mask = map((value) => value & 0xfff);
const mirror = map((value) => 0xffff - value);
const mix = map((value) => value ^ (value >> 3));
const scale = map((value) => value * 5 + 1);
const wrap = map((value) => value % 1_021);

const addLater = mapAsync(async (value) => value + 13);
const doubleLater = mapAsync(async (value) => value * 2);
const resolved = mapAsync((value) => Promise.resolve(value - 5));
const nextTurn = mapAsync(async (value) => {
  await Promise.resolve();
  return value + 17;
});

const addNode: Step & { readonly kind: 'class' } = { kind: 'class', Node: Add };
const doubleNode: Step & { readonly kind: 'class' } = { kind: 'class', Node: Double };
const countingNode: Step & { readonly kind: 'class' } = {
  kind: 'class',
  Node: class Counting {
    readonly step = 7;
    calls = 0;

    transform(item: number): number {
      this.calls += 1;
      return item + this.step;
    }
  },
};

const even: Step = { kind: 'filter', keep: (value) => value % 2 === 0 };
const notFifth: Step = { kind: 'filter', keep: (value) => value % 5 !== 0 };
const inRange: Step = { kind: 'filter', keep: (value) => value > 100 };

/** Leaves every eighth item out, at the cost of an error. */
const notEighth: Step = {
  kind: 'map or skip',
  map(value) {
    if (value % 8 === 0) throw new RangeError('An item that is left out');
    return value + 19;
  },
};
const parsed: Step = { kind: 'map or skip', map: (value) => Number.parseInt(String(value), 10) };

const twice: Step = {
  kind: 'expand',
  *expand(value) {
    yield value;
    yield value + 1;
  },
};
const sometimes: Step = {
  kind: 'expand',
  *expand(value) {
    if (value % 3 === 0) yield value;
  },
};

/** Twenty pipelines of mixed shapes, as a process has them that does more than one thing. */
export const otherShapes: readonly (readonly Step[])[] = [
  [add],
  [triple, mask],
  [halve, even, mix, wrap, notFifth],
  [addNode, doubleNode],
  [mirror, countingNode, inRange],
  [add, triple, halve, mask, mirror, mix, scale, wrap],
  [notEighth, add],
  [mix, parsed, even],
  [twice, scale],
  [sometimes, countingNode, mask],
  [addLater],
  [add, doubleLater, even],
  [resolved, nextTurn, notFifth, scale],
  [{ kind: 'map at once', concurrency: 4, map: async (value) => value * 7 }, mask],
  [{ kind: 'branches', left: (value) => value + 23, right: (value) => value * 11 }, wrap],
  [inRange, { kind: 'branches', left: (value) => value ^ 1, right: (value) => -value }, addNode, mix],
  [{ kind: 'child', steps: [addNode, countingNode] }, mask],
  [scale, { kind: 'child', steps: [halve, mix, triple] }],
  [{ kind: 'child', steps: [doubleNode, addLater] }, even],
  [{ kind: 'child', steps: [add, { kind: 'child', steps: [countingNode, wrap] }] }, notEighth],
];
