import { PipelineRunner } from 'heirline';
import type { PipelineBuilder, PipelineContext, PipelineDefinition } from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { dictionaryOf } from './dictionary.js';

const KEYS = 1_000;
const LEVELS = 8;

/** Reads of many keys that the root has, by a node so many levels below; the floor reads them from a Map. */
export const inheritedRead: Workload = {
  name: `a key read ${LEVELS} levels below`,
  items: 200_000,
  contenders: [
    { name: 'Map.get', role: 'floor', prepare: readFromMap },
    { name: 'heirline', role: 'heirline', prepare: (numbers) => readAtDepth(numbers, false) },
    {
      name: 'heirline, each level sets a key',
      role: 'heirline',
      prepare: (numbers) => readAtDepth(numbers, true),
    },
  ],
};

/** The keys to read, one after the other. */
function keysFor(numbers: readonly number[]): string[] {
  const names = [...dictionaryOf(KEYS).keys()];
  return numbers.map((number) => names[number % KEYS] ?? '');
}

function readFromMap(numbers: readonly number[]): Run {
  const keys = keysFor(numbers);
  const map = dictionaryOf(KEYS);
  return () => {
    let sum = 0;
    for (const key of keys) sum = checksum(sum, map.get(key) ?? 0);
    return sum;
  };
}

interface Reading {
  readonly keys: readonly string[];
  readonly setsKeys: boolean;
}

function readAtDepth(numbers: readonly number[], setsKeys: boolean): Run {
  const keys = keysFor(numbers);
  const definition = new ReadingLevel(LEVELS - 1, { keys, setsKeys });
  const runner = new PipelineRunner();
  const context = { parameters: dictionaryOf(KEYS) };
  return () => runner.runItem(definition, 0, context);
}

/** The root is level 0, so the last one is as many levels below it as it is told. */
class ReadingLevel implements PipelineDefinition<number, number> {
  readonly #levelsBelow: number;
  readonly #reading: Reading;

  constructor(levelsBelow: number, reading: Reading) {
    this.#levelsBelow = levelsBelow;
    this.#reading = reading;
  }

  define(builder: PipelineBuilder<number, number>): void {
    const from = builder.addCompositeInput();
    const { keys, setsKeys } = this.#reading;
    const output =
      this.#levelsBelow < 0
        ? builder.addTransform((_: number, context: PipelineContext) => readAll(keys, context), { from })
        : builder.addComposite(new ReadingLevel(this.#levelsBelow - 1, this.#reading), {
            name: 'child',
            from,
            contextConfiguration: { inheritParentParameters: true },
            with: setsKeys ? { parameters: { [`level-${this.#levelsBelow}`]: true } } : {},
          });
    builder.addCompositeOutput({ from: output });
  }
}

function readAll(keys: readonly string[], { parameters }: PipelineContext): number {
  let sum = 0;
  for (const key of keys) sum = checksum(sum, parameters.get<number>(key) ?? 0);
  return sum;
}
