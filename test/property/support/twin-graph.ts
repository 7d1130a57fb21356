import { keys, type ChildStep, type Step, type TwinSpec, type Work, type WorkStep } from './twin-spec.js';

/** One node of a level, with its effective options; `next` in the order in which its edges are drawn. */
export type TwinNode = { readonly id: string; readonly path: string; readonly next: string[] } & (
  | { readonly kind: 'source'; readonly items: readonly number[]; readonly tag: string }
  | { readonly kind: 'input' | 'output' }
  | { readonly kind: 'node' | 'sink'; readonly step: WorkStep; readonly tag: string }
  | { readonly kind: 'child'; readonly step: ChildStep; readonly level: TwinLevel }
);

export type WorkNode = Extract<TwinNode, { kind: 'node' | 'sink' }>;
export type CompositeNode = Extract<TwinNode, { kind: 'child' }>;
export type SourceNodeOf = Extract<TwinNode, { kind: 'source' }>;

/** One pipeline of the tree: what a definition describes. */
export interface TwinLevel {
  readonly name: string;
  readonly path: string;
  readonly nodes: readonly TwinNode[];
  /** Whether nothing in it overlaps in time, at no level below: then it runs in one order only, whatever waits. */
  readonly lockstep: boolean;
  /** Whether several executions of it may go on at once. */
  readonly sideBySide: boolean;
  /** Whether it has the run's identity. */
  readonly sharesRun: boolean;
}

/** The tree of pipelines that a spec describes, without what has no single right answer. */
export function levelOf(spec: TwinSpec): TwinLevel {
  const lockstep = spec.sources.length === 1 && spec.sink.lanes === 1 && spec.steps.every(isLockstep);
  const drawing = new Drawing('root', 'root', lockstep, lockstep, false, true);
  const sources = spec.sources.map((items, index) =>
    drawing.add({ kind: 'source', id: `source-${index}`, items, tag: `s${index}` }),
  );
  const ends = drawing.steps(spec.steps, sources, '');
  drawing.add(drawing.worker('sink', 'sink', spec.sink), ends);
  return drawing.level;
}

class Drawing {
  readonly level: TwinLevel & { readonly nodes: TwinNode[] };

  constructor(
    name: string,
    path: string,
    lockstep: boolean,
    /** Whether the whole tree runs in one order: then even what executions share has one right answer. */
    private readonly allLockstep: boolean,
    sideBySide: boolean,
    sharesRun: boolean,
  ) {
    this.level = { name, path, nodes: [], lockstep, sideBySide, sharesRun };
  }

  add(node: DrawnNode, from: readonly TwinNode[] = []): TwinNode {
    const added = { ...node, path: `${this.level.path}/${node.id}`, next: [] } as TwinNode;
    this.level.nodes.push(added);
    for (const before of from) before.next.push(added.id);
    return added;
  }

  steps(steps: readonly Step[], from: readonly TwinNode[], prefix: string): readonly TwinNode[] {
    let ends = from;
    for (const [index, each] of steps.entries()) {
      const name = `${prefix}${index}`;
      if (each.kind === 'node') {
        ends = [this.add(this.worker('node', `n${name}`, each.node), ends)];
      } else if (each.kind === 'child') {
        ends = [this.add(this.#child(`c${name}`, each.child), ends)];
      } else {
        ends = each.branches.flatMap(({ steps: inner, sink }, branch) => {
          const own = `${name}.${branch}.`;
          const head = this.add(this.#passing(`h${own}`, `.${branch}`), ends);
          const last = this.steps(inner, [head], own);
          if (branch === 0 || sink === undefined) return last;
          this.add(this.worker('sink', `sink${own}`, sink), last);
          return [];
        });
      }
    }
    return ends;
  }

  /** A node without what depends on an order that is open. */
  worker(kind: 'node' | 'sink', id: string, step: WorkStep): DrawnNode {
    const { lockstep } = this.level;
    const isShared = step.binding !== 'class';
    const work: Work = {
      ...step.work,
      writes: lockstep ? step.work.writes : 'nothing',
      counts: step.work.counts && (isShared ? this.allLockstep : lockstep),
    };
    return { kind, id, step: { ...step, work }, tag: '' };
  }

  /** A node that lets everything pass and says in the items which way they went. */
  #passing(id: string, tag: string): DrawnNode {
    const work: Work = {
      ...{ add: 0, skip: 0, throws: 0, times: 0 },
      ...{ writes: 'nothing', key: keys[0], reads: false, counts: false },
    };
    const step: WorkStep = { binding: 'function', lanes: 1, limited: false, policy: undefined, work };
    return { kind: 'node', id, step, tag };
  }

  #child(id: string, drawn: ChildStep): DrawnNode {
    const lockstep = isLockstepChild(drawn);
    const isOpen = !hasOneOrder(drawn) && (drawn.output === 'first' || drawn.output === 'last');
    const step: ChildStep = isOpen ? { ...drawn, output: 'many' } : drawn;
    const sharesRun = this.level.sharesRun && step.inherits.identity;
    const path = `${this.level.path}/${id}`;
    const sideBySide = this.level.sideBySide || step.lanes > 1;
    const drawing = new Drawing(`p-${id}`, path, lockstep, this.allLockstep, sideBySide, sharesRun);
    const input = drawing.add({ kind: 'input', id: 'input' });
    let ends: readonly TwinNode[] = [input];
    if (step.extra === 'source' || step.extra === 'instead') {
      const own = drawing.add({ kind: 'source', id: 'own', items: [1, 2, 3], tag: id });
      // New objects of what the source may give again to the next child.
      const joining = drawing.add(drawing.#passing('own-in', ''), [own]);
      if (step.extra === 'instead') ends = [joining];
      else ends = [drawing.add(drawing.#passing('in', ''), [input]), joining];
    }
    ends = drawing.steps(step.steps, ends, '');
    drawing.add({ kind: 'output', id: 'output' }, ends);
    if (step.extra === 'apart') {
      const own = drawing.add({ kind: 'source', id: 'own', items: [3, 4, 5], tag: id });
      drawing.add({ ...drawing.#passing('tap', ''), kind: 'sink' } as DrawnNode, [own]);
    }
    if (step.extra === 'sink' || step.extra === 'instead')
      drawing.add({ ...drawing.#passing('tap', ''), kind: 'sink' } as DrawnNode, [input]);
    return { kind: 'child', id, step, level: drawing.level };
  }
}

type Without<T, TKeys extends keyof T> = T extends unknown ? Omit<T, TKeys> : never;
type DrawnNode = Without<TwinNode, 'path' | 'next'>;

function isLockstep(step: Step): boolean {
  if (step.kind === 'node') return step.node.lanes === 1;
  return step.kind === 'child' && step.child.lanes === 1 && isLockstepChild(step.child);
}

function isLockstepChild({ extra, steps }: ChildStep): boolean {
  return extra === 'nothing' && steps.every(isLockstep);
}

/** Whether the outputs of a child come in one order only: its branches do not meet again. */
function hasOneOrder({ extra, steps }: ChildStep): boolean {
  return extra !== 'source' && steps.every(keepsOneOrder);
}

function keepsOneOrder(step: Step): boolean {
  if (step.kind === 'node') return true;
  if (step.kind === 'child') return hasOneOrder(step.child);
  const goingOn = step.branches.filter(({ sink }, branch) => branch === 0 || sink === undefined);
  return goingOn.length === 1 && goingOn.every(({ steps }) => steps.every(keepsOneOrder));
}

/** Every level of a tree, from the top down. */
export function* levelsOf(level: TwinLevel): Iterable<TwinLevel> {
  yield level;
  for (const node of level.nodes) if (node.kind === 'child') yield* levelsOf(node.level);
}
