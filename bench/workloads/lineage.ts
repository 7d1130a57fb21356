import type { OutputHandle, PipelineBuilder, PipelineRunnerOptions } from 'heirline';
import type { Contender, Workload } from '../harness/contender.js';
import { noLineage } from './feature-services.js';
import { heirlineRun } from './heirline-run.js';

/** What the others are compared with. */
export const withoutLineage = 'without lineage';

/** What is followed of the items of a run; every record is dropped. */
export const followed = {
  'a record for each item': { sink: noLineage },
  'a record for each node, too': { sink: noLineage, capture: 'all' },
  'a record for one item in 100': { sink: noLineage, sampleEvery: 100 },
} as const satisfies Readonly<Record<string, PipelineRunnerOptions['lineage']>>;

/** What lineage costs an item that passes two nodes. */
export function lineage(): Workload[] {
  return [
    {
      name: 'flat, 2 functions',
      items: 100_000,
      allocation: true,
      contenders: [
        contender(withoutLineage, {}),
        ...Object.entries(followed).map(([name, options]) => contender(name, { lineage: options })),
      ],
    },
  ];
}

function contender(name: string, runnerOptions: PipelineRunnerOptions): Contender {
  return { name, role: 'heirline', prepare: (source) => heirlineRun({ source, describe, runnerOptions }) };
}

const add = (item: number): number => item + 1;
const double = (item: number): number => item * 2;

function describe(builder: PipelineBuilder, from: OutputHandle<number>): OutputHandle<number> {
  return builder.addTransform(double, {
    name: 'double',
    from: builder.addTransform(add, { name: 'add', from }),
  });
}
