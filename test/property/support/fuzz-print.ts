// A program as text that a person can read.
import {
  branchPrefix,
  isSubPipeline,
  stepId,
  type Hook,
  type Policy,
  type Program,
  type Sink,
  type Source,
  type Step,
  type Work,
  type Pipe,
} from './fuzz-program.js';

/** One line per node, children indented. */
export function printProgram(program: Program): string {
  const { entry, root, input, letters, cancelAtCall, cancelAtTurn, leavesAfter, output } = program;
  const facts = [
    entry === 'runItem' ? `runItem under '${output}'` : entry,
    letters ? 'with a dead-letter sink' : 'without a dead-letter sink',
    cancelAtCall > 0 ? `cancelled in call ${cancelAtCall}` : '',
    cancelAtTurn > 0 ? `cancelled after ${cancelAtTurn} turns` : '',
    entry === 'stream' && leavesAfter > 0 ? `the reader leaves after ${leavesAfter}` : '',
  ];
  const isSub = isSubPipeline(program);
  const from = isSub ? [`  input: ${printSource(input)}`] : [];
  return [listed(facts), 'root', ...from, ...printPipe(root, !isSub).map((line) => `  ${line}`)].join('\n');
}

function listed(facts: readonly string[]): string {
  return facts.filter((fact) => fact !== '').join(', ');
}

function printPipe({ sources, steps, sink }: Pipe, isRoot: boolean): string[] {
  return [
    ...sources.map((source, index) => `source-${index}: ${printSource(source)}`),
    ...printSteps(steps, ''),
    isRoot ? `sink: ${printSink(sink)}` : 'output',
  ];
}

function printSource({ kind, values, then }: Source): string {
  return listed([`${kind} [${values.join(' ')}]`, then === 'end' ? '' : `then ${then}`]);
}

function printSteps(steps: readonly Step[], prefix: string): string[] {
  return steps.flatMap((step, index) => printStep(step, stepId(prefix, index, step)));
}

function printStep(step: Step, id: string): string[] {
  switch (step.kind) {
    case 'work':
      return [`${id}: ${printWork(step)}`];
    case 'stream':
      return [`${id}: ${step.op.type} ${step.op.count}, ${step.form}`];
    case 'child': {
      const { granularity, output, pipe } = step;
      const what = granularity === 'stream' ? 'a child for the stream' : `a child per item, ${output}`;
      return [
        `${id}: ${listed([what, ...printHandling(step)])}`,
        ...printPipe(pipe, false).map((line) => `  ${line}`),
      ];
    }
    case 'branches':
      return step.branches.flatMap(({ steps, sink }, number) => {
        const prefix = branchPrefix(id, number);
        const end = sink === undefined ? 'goes on' : `${prefix}sink: ${printSink(sink)}`;
        return [
          `${id}, branch ${number}:`,
          ...[...printSteps(steps, prefix), end].map((line) => `  ${line}`),
        ];
      });
  }
}

function printSink(sink: Sink): string {
  if (sink.kind === 'streamSink')
    return listed([`reads ${sink.reads === 0 ? 'all' : sink.reads}`, sink.form]);
  return listed([printWork(sink), sink.flush === 'none' ? '' : `flushes ${sink.flush}`]);
}

type Handled = Parameters<typeof printHandling>[0];

function printWork(step: Handled & { work: Work; form: string; init: Hook }): string {
  const { work, form, init } = step;
  const { add, skip, fails, times, hangs, pace, thrown, disposes } = work;
  return listed([
    `+${add}, ${pace}, ${form}`,
    skip > 0 ? `skips multiples of ${skip}` : '',
    fails > 0 ? `throws (${thrown}) with multiples of ${fails}, ${times} times` : '',
    hangs > 0 ? `hangs with multiples of ${hangs} if limited` : '',
    init === 'none' ? '' : `init ${init}`,
    disposes ? 'disposes' : '',
    ...printHandling(step),
  ]);
}

function printHandling(handling: {
  readonly policy: Policy | undefined;
  readonly lanes: number;
  readonly ordered: boolean;
  readonly limitMs: number;
}): string[] {
  const { policy, lanes, ordered, limitMs } = handling;
  return [
    policy === undefined ? '' : `policy: ${policy.tries} tries, then ${policy.then}`,
    lanes > 1 ? `concurrency ${lanes}${ordered ? '' : ', not ordered'}` : '',
    limitMs > 0 ? `limit ${limitMs} ms` : '',
  ];
}
