// What holds for every run, whatever happens in it.
import type { NodeCounts } from 'heirline';
import { pairEvents } from '../../integration/support/event-pairs.js';
import { noCounts } from './counts.js';
import { branchPrefix, holdsLetters, stepId, type Pipe, type Program, type Step } from './fuzz-program.js';
import type { Observed } from './fuzz-run.js';

/** The rules that a run has broken, one line each. */
export function brokenLaws(program: Program, observed: Observed): string[] {
  if (observed.hung) return ['the run has not settled'];
  return [
    ...observed.unhandled.map((reason) => `an unhandled rejection: ${worded(reason)}`),
    ...observed.recorder.wrong,
    ...observed.recorder.disposedBeside,
    ...brokenEnd(observed),
    ...brokenCounts(program, observed),
    ...brokenClosing(observed),
    ...pairEvents(observed.recorder.events).unpaired,
  ];
}

function worded(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return 'a value that cannot be looked at';
  }
}

function brokenEnd({ code, result, recorder }: Observed): string[] {
  const wrong: string[] = [];
  if (code === 'other') wrong.push('the run rejected with something that is no PipelineError');
  if (code !== 'none' && code !== 'other' && result === undefined) wrong.push(`${code} carries no result`);
  const expected = code === 'none' ? 'succeeded' : code === 'RUN_CANCELLED' ? 'cancelled' : 'failed';
  if (result !== undefined && result.status !== expected)
    wrong.push(`the status is ${result.status} beside ${code}`);
  if (result !== undefined && result.abandoned.length > 0)
    wrong.push(`abandoned, though all of them heed the signal: ${result.abandoned.join(' ')}`);
  const ends = recorder.events.filter(
    ({ type, path }) => path === 'root' && (type === 'pipelineCompleted' || type === 'pipelineFailed'),
  );
  if (ends.length !== 1) wrong.push(`the run told its end ${ends.length} times`);
  const [end] = ends;
  const outcome = end !== undefined && 'outcome' in end ? end.outcome : undefined;
  if (code !== 'other' && outcome !== expected) wrong.push(`the last event says ${String(outcome)}`);
  if (recorder.events.at(-1) !== end) wrong.push('events came after that of the end');
  return wrong;
}

const nothing: Omit<NodeCounts, 'nodeId' | 'pipelineName'> = noCounts();

function brokenCounts(program: Program, { result, recorder }: Observed): string[] {
  if (result === undefined) return [];
  const wrong: string[] = [];
  const at = (path: string): typeof nothing => result.nodes.get(path) ?? nothing;
  const told = (type: string, path: string): number =>
    recorder.events.filter((event) => event.type === type && event.path === path).length;
  for (const [path, counts] of result.nodes) {
    const { out, filtered, deadLettered, failed, cancelled } = counts;
    const parts = [out, filtered, deadLettered, failed, cancelled, counts.retried, counts.emitted];
    if (counts.in !== out + filtered + deadLettered + failed + cancelled || parts.some((part) => part < 0))
      wrong.push(`${path} does not add up: ${printCounts(counts)}`);
    if (told('itemRetried', path) !== counts.retried)
      wrong.push(`${path}: ${counts.retried} retried, ${told('itemRetried', path)} events`);
    if (told('itemSkipped', path) > filtered) wrong.push(`${path}: more skipped than filtered`);
    const letters = recorder.letters.filter(({ decidedAt }) => decidedAt === path).length;
    if (letters !== told('itemDeadLettered', path))
      wrong.push(`${path}: ${letters} letters, ${told('itemDeadLettered', path)} events`);
    if (letters > deadLettered || (letters < deadLettered && !holdsLetters(program)))
      wrong.push(`${path}: ${letters} letters, ${deadLettered} counted`);
  }
  for (const { path, isLimited } of nodesOf(program.root, 'root', false, program.entry === 'run').calls) {
    const calls = recorder.callsAt(path);
    const { in: came, out, filtered, retried, cancelled } = at(path);
    const firsts = calls.started - retried;
    if (firsts > came || firsts < came - cancelled)
      wrong.push(`${path}: called with ${firsts} items, ${printCounts(at(path))}`);
    if (isLimited) continue;
    if (calls.returned < out || calls.returned > out + cancelled)
      wrong.push(`${path}: ${calls.returned} calls gave something, ${printCounts(at(path))}`);
    const skipped = filtered - told('itemSkipped', path);
    if (calls.skipped < skipped || calls.skipped > skipped + cancelled)
      wrong.push(`${path}: ${calls.skipped} calls skipped, ${printCounts(at(path))}`);
    if (told('itemFailed', path) > calls.threw || told('itemFailed', path) < calls.threw - cancelled)
      wrong.push(`${path}: ${calls.threw} calls threw, ${told('itemFailed', path)} events`);
  }
  const isQuiet = result.status === 'succeeded';
  for (const { to, from } of nodesOf(program.root, 'root', false, program.entry === 'run').edges) {
    const left = from.reduce((sum, path) => sum + at(path).emitted, 0);
    if (at(to).in > left || (isQuiet && at(to).in < left && !isInside(to)))
      wrong.push(`${left} items left ${from.join(' and ')}, ${at(to).in} reached ${to}`);
  }
  for (const [path, given] of recorder.given)
    if (at(path).in > given) wrong.push(`${path} gave ${given} items, ${at(path).in} counted`);
  return wrong;
}

function printCounts(counts: typeof nothing): string {
  const { in: came, out, filtered, deadLettered, failed, cancelled, retried, emitted } = counts;
  return `in ${came}, out ${out}, filtered ${filtered}, deadLettered ${deadLettered}, failed ${failed}, cancelled ${cancelled}, retried ${retried}, emitted ${emitted}`;
}

/** Whether a node is in a child, which may fail in a run that succeeds. */
function isInside(path: string): boolean {
  return path.split('/').length > 2;
}

interface Nodes {
  readonly calls: { readonly path: string; readonly isLimited: boolean }[];
  readonly edges: { readonly to: string; readonly from: readonly string[] }[];
}

/** The nodes of a program with a code of their own that is called per item, and what leads to where. */
function nodesOf(pipe: Pipe, path: string, isLimited: boolean, isRoot = false): Nodes {
  const nodes: Nodes = { calls: [], edges: [] };
  const heads = pipe.sources.map((_, index) => `${path}/source-${index}`);
  const first = isRoot ? heads : [`${path}/input`, ...heads];
  const from = walk(pipe.steps, '', first);
  const { sink } = pipe;
  if (isRoot && sink.kind === 'sink')
    nodes.calls.push({ path: 'root/sink', isLimited: isLimited || sink.limitMs > 0 });
  nodes.edges.push({ to: `${path}/${isRoot ? 'sink' : 'output'}`, from });
  return nodes;

  function walk(steps: readonly Step[], prefix: string, origin: readonly string[]): readonly string[] {
    let ends = origin;
    for (const [index, step] of steps.entries()) {
      const id = stepId(prefix, index, step);
      const own = `${path}/${id}`;
      if (step.kind === 'branches') {
        ends = step.branches.flatMap((branch, number) => {
          const inner = branchPrefix(id, number);
          const left = walk(branch.steps, inner, ends);
          if (branch.sink === undefined) return left;
          const to = `${path}/${inner}sink`;
          nodes.edges.push({ to, from: left });
          if (branch.sink.kind === 'sink')
            nodes.calls.push({ path: to, isLimited: isLimited || branch.sink.limitMs > 0 });
          return [];
        });
        continue;
      }
      nodes.edges.push({ to: own, from: ends });
      if (step.kind === 'work') nodes.calls.push({ path: own, isLimited: isLimited || step.limitMs > 0 });
      if (step.kind === 'child') {
        const below = nodesOf(step.pipe, own, isLimited || step.limitMs > 0);
        nodes.calls.push(...below.calls);
        nodes.edges.push(...below.edges);
      }
      ends = [own];
    }
    return ends;
  }
}

function brokenClosing({ recorder }: Observed): string[] {
  const wrong: string[] = [];
  for (const [path, opened] of recorder.opened) {
    const closed = recorder.closed.get(path) ?? 0;
    if (closed !== opened) wrong.push(`${path} was opened ${opened} times and closed ${closed} times`);
  }
  for (const [path, readable] of recorder.readables) {
    // What a caller hands in stays the caller's until the run begins with it.
    const isBegun = path !== 'root/input' || recorder.given.has(path);
    if (isBegun && !readable.destroyed) wrong.push(`the stream of ${path} is left open`);
  }
  for (const [path, made] of recorder.constructed) {
    const disposed = recorder.disposed.get(path) ?? 0;
    if (disposed !== made) wrong.push(`${path} was made ${made} times and disposed ${disposed} times`);
  }
  for (const [path, ready] of recorder.initialised)
    if (ready !== (recorder.constructed.get(path) ?? 0))
      wrong.push(
        `${path} was initialised ${ready} times and made ${recorder.constructed.get(path) ?? 0} times`,
      );
  for (const [execution, registered] of recorder.registered) {
    const ran = recorder.disposersRun.get(execution) ?? [];
    if (ran.join() !== [...registered].reverse().join())
      wrong.push(`disposers ${registered.join()} were registered, ${ran.join()} ran`);
  }
  return wrong;
}
