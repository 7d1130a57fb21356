import { ChildNode, StreamChildNode } from './fuzz-model-children.js';
import type { ModelExecution, Outlet } from './fuzz-model-execution.js';
import { PassingNode, WorkNode, type ModelNode } from './fuzz-model-nodes.js';
import { StreamNode, StreamSinkNode } from './fuzz-model-streams.js';
import { branchPrefix, stepId, type Form, type Sink, type Step } from './fuzz-program.js';

/** Draws the nodes of one execution, and what leads to where. */
export function drawGraph(execution: ModelExecution, outlet: Outlet | undefined): void {
  const { pipe } = execution;
  let heads: ModelNode[] = [];
  if (outlet !== undefined) {
    const input = new PassingNode(execution, 'input');
    input.inputs = 1;
    execution.input = input;
    heads.push(input);
  }
  for (const [index, source] of pipe.sources.entries()) {
    const id = `source-${String(index)}`;
    if (source.kind === 'class') execution.classes.push({ id, form: 'class', init: 'none' });
    const node = new PassingNode(execution, id);
    node.inputs = 1;
    execution.sources.push([source, node]);
    heads.push(node);
  }
  heads = drawSteps(execution, pipe.steps, '', heads);
  if (outlet === undefined) drawSink(execution, pipe.sink, 'sink', heads);
  else connect(heads, new PassingNode(execution, 'output', outlet.take, outlet.isLeft));
}

function drawSteps(
  execution: ModelExecution,
  steps: readonly Step[],
  prefix: string,
  from: ModelNode[],
): ModelNode[] {
  let heads = from;
  for (const [index, step] of steps.entries()) {
    const id = stepId(prefix, index, step);
    if (step.kind === 'branches') {
      heads = step.branches.flatMap((branch, number) => {
        const own = branchPrefix(id, number);
        const ends = drawSteps(execution, branch.steps, own, heads);
        if (branch.sink === undefined) return ends;
        drawSink(execution, branch.sink, `${own}sink`, ends);
        return [];
      });
    } else {
      const node = nodeOf(execution, step, id);
      connect(heads, node);
      heads = [node];
    }
  }
  return heads;
}

function connect(from: readonly ModelNode[], to: ModelNode): void {
  for (const node of from) node.next.push(to);
  to.inputs = from.length;
}

function nodeOf(execution: ModelExecution, step: Exclude<Step, { kind: 'branches' }>, id: string): ModelNode {
  if (step.kind === 'work') {
    const { form, init, policy, work, limitMs } = step;
    if (isClass(form)) execution.classes.push({ id, form, init });
    return new WorkNode(execution, id, policy, work, limitMs, undefined);
  }
  if (step.kind === 'stream') {
    if (isClass(step.form)) execution.classes.push({ id, form: step.form, init: 'none' });
    return new StreamNode(execution, id, step.op);
  }
  if (step.granularity === 'stream') return new StreamChildNode(execution, id, step);
  return new ChildNode(execution, id, step);
}

function drawSink(execution: ModelExecution, sink: Sink, id: string, heads: readonly ModelNode[]): void {
  const path = `${execution.path}/${id}`;
  const got = execution.run.sinks.get(path) ?? [];
  execution.run.sinks.set(path, got);
  const { form } = sink;
  const init = sink.kind === 'sink' ? sink.init : 'none';
  if (isClass(form)) execution.classes.push({ id, form, init });
  // What several children give to it at once comes in no promised order.
  if ((sink.kind === 'sink' && sink.lanes > 1) || execution.isBeside) execution.run.looseSinks.add(path);
  if (sink.kind === 'streamSink') {
    connect(heads, new StreamSinkNode(execution, id, sink.reads, got));
    return;
  }
  execution.itemSinks.push({ id, form, flush: sink.flush });
  connect(heads, new WorkNode(execution, id, sink.policy, sink.work, sink.limitMs, got));
}

function isClass(form: Form): boolean {
  return form === 'class' || form === 'runClass';
}
