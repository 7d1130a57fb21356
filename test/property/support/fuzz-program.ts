// A random program as plain data: what the builder builds and what the model interprets.

/** How a call answers: at once, as a promise, sometimes so, after turns of the event loop, as a thenable. */
export type Pace = 'sync' | 'async' | 'mixed' | 'turns' | 'thenable';

/** What a failing call throws. */
export type Thrown = 'error' | 'text' | 'nothing' | 'revoked' | 'getter' | 'sealed';

/** What a node does with each item. */
export interface Work {
  readonly add: number;
  /** A divisor: of which values the transform answers `SKIP`; 0 for never. */
  readonly skip: number;
  /** A divisor: which values fail; 0 for never. */
  readonly fails: number;
  /** How many tries of such a value fail. */
  readonly times: number;
  /** A divisor: with which values the call waits for its signal; only in nodes with a limit. */
  readonly hangs: number;
  readonly pace: Pace;
  readonly thrown: Thrown;
  /** Whether each call registers a disposer. */
  readonly disposes: boolean;
}

/** What is decided about failed items. */
export interface Policy {
  /** All tries, the first included; 1 for no retry. */
  readonly tries: number;
  readonly then: 'fail' | 'skip' | 'deadLetter';
}

/** How a node is given to the builder. */
export type Form = 'function' | 'instance' | 'class' | 'runClass';

/** How an `init` or a `flush` goes, where there is one. */
export type Hook = 'none' | 'well' | 'fails';

interface Handling {
  readonly policy: Policy | undefined;
  readonly lanes: number;
  readonly ordered: boolean;
  /** The limit of a try, in milliseconds; 0 for none. */
  readonly limitMs: number;
}

export interface WorkStep extends Handling {
  readonly kind: 'work';
  readonly form: Form;
  readonly init: Hook;
  readonly work: Work;
}

/** What a stream transform does with the whole stream. */
export type StreamOp =
  | { readonly type: 'batch' | 'take' | 'hold' | 'repeat'; readonly count: number }
  | { readonly type: 'filter'; readonly count: number }
  /** Throws when it gets the item of this number. */
  | { readonly type: 'fail'; readonly count: number };

export interface StreamStep {
  readonly kind: 'stream';
  readonly form: Form;
  readonly op: StreamOp;
}

export interface ChildStep extends Handling {
  readonly kind: 'child';
  readonly granularity: 'item' | 'stream';
  readonly output: 'one' | 'optional' | 'many' | 'first' | 'last';
  readonly pipe: Pipe;
}

export interface Branch {
  readonly steps: readonly Step[];
  /** Where the branch ends; without it, it goes on behind the branches. */
  readonly sink: Sink | undefined;
}

interface BranchesStep {
  readonly kind: 'branches';
  readonly branches: readonly Branch[];
}

export type Step = WorkStep | StreamStep | ChildStep | BranchesStep;

export type Sink =
  | (Omit<WorkStep, 'kind'> & { readonly kind: 'sink'; readonly flush: Hook })
  /** Reads so many items and no more; 0 for all. */
  | { readonly kind: 'streamSink'; readonly form: 'instance' | 'class'; readonly reads: number };

export interface Source {
  readonly kind:
    | 'array'
    | 'generator'
    | 'asyncGenerator'
    | 'readable'
    | 'promises'
    | 'promisedArray'
    | 'class'
    | 'iterator';
  readonly values: readonly number[];
  /** What comes after the last item: the end, an error, or a wait that only the signal ends. */
  readonly then: 'end' | 'throw' | 'wait';
}

/** One pipeline of the tree. */
export interface Pipe {
  /** Its own sources; beside its input, where it is a sub-pipeline. */
  readonly sources: readonly Source[];
  readonly steps: readonly Step[];
  /** Where a root ends; a sub-pipeline ends in its output. */
  readonly sink: Sink;
}

/** A whole program. */
export interface Program {
  readonly entry: 'run' | 'runItem' | 'stream';
  readonly root: Pipe;
  /** How many outputs `runItem` asks for. */
  readonly output: ChildStep['output'];
  /** What goes into a sub-pipeline that is run alone. */
  readonly input: Source;
  /** Whether the run has a dead-letter sink. */
  readonly letters: boolean;
  /** When the run is cancelled: in the call of this number, or after so many turns; 0 for never. */
  readonly cancelAtCall: number;
  readonly cancelAtTurn: number;
  /** Whether the reader of `stream` leaves after so many outputs; 0 for never. */
  readonly leavesAfter: number;
}

/** An item of the stream; nodes make a new one of each that they get. */
export interface Item {
  readonly value: number;
  /** The nodes that it came through: within one way the order of items is promised. */
  readonly way: string;
}

/** Whether items come in from outside: the root of a run has only its own sources. */
export function isSubPipeline(program: Program): boolean {
  return program.entry !== 'run';
}

/** The id of the step at a place of a pipeline. */
export function stepId(prefix: string, index: number, step: Step): string {
  return `${prefix}${String(index)}-${step.kind}`;
}

/** Put before the ids of the steps of a branch. */
export function branchPrefix(id: string, branch: number): string {
  return `${id}-${String(branch)}-`;
}

/** What is true of a step, or of one inside of it, at any depth. */
export function someStep(steps: readonly Step[], holds: (step: Step) => boolean): boolean {
  return steps.some((step) => {
    if (holds(step)) return true;
    if (step.kind === 'child') return someStep(step.pipe.steps, holds);
    return step.kind === 'branches' && step.branches.some((branch) => someStep(branch.steps, holds));
  });
}

/** What is true of a pipeline, or of one inside of it. */
export function somePipe(pipe: Pipe, holds: (pipe: Pipe) => boolean): boolean {
  return holds(pipe) || someStep(pipe.steps, (step) => step.kind === 'child' && somePipe(step.pipe, holds));
}

/** Whether letters may be held back until a try of a composite has counted. */
export function holdsLetters(program: Program): boolean {
  return someStep(program.root.steps, (step) => step.kind === 'child' && (step.policy?.tries ?? 1) > 1);
}
