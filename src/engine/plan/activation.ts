import { isInstanceOf, isPromise, isThenable, whenSettled } from '../../data/foreign-value.js';
import type { Constructor } from '../../nodes/constructor.js';
import { runInContext } from '../../context/ambient-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import { disposingMethod } from '../../context/disposers.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { NodeLifecycle } from '../../nodes/node-lifecycle.js';
import { printed } from '../../ports/error-record.js';
import { asNode } from '../execution/active-scopes.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { ChildSteps } from './generated-child.js';
import type { NodeCode } from '../stages/node-code.js';
import type { NodeSupply } from '../execution/node-supply.js';
import type { ConstructedStage, Plan } from './plan.js';
import type { Work } from '../execution/work.js';

/** A node with lifetime `run`: its instance, and the error of its construction or `init`. */
interface SharedNode {
  readonly instance: object;
  readonly error: PipelineError | undefined;
}

interface KnownNode {
  readonly type: Constructor<object> | undefined;
  readonly node: SharedNode | Promise<SharedNode>;
}

/** Constructs and initialises node classes, one after the other; an error fails the execution. */
export function activateNodes({ constructed }: Plan, execution: Execution): Work {
  return activateFrom(constructed, execution, 0);
}

function activateFrom(stages: readonly ConstructedStage[], execution: Execution, first: number): Work {
  for (let index = first; index < stages.length && !execution.isHalted; index += 1) {
    const constructed = stages[index];
    const activated = constructed && activateInScope(constructed, execution);
    if (activated !== undefined) return activateAfter(activated, stages, execution, index + 1);
  }
  return undefined;
}

/** Waits for an `init`, then activates the nodes from index `next` on. */
export async function activateAfter(
  activated: Work,
  stages: readonly ConstructedStage[],
  execution: Execution,
  next: number,
): Promise<void> {
  await activated;
  await activateFrom(stages, execution, next);
}

function activateInScope(constructed: ConstructedStage, execution: Execution): Work {
  return asNode(execution, constructed.stage.site.path, activate, constructed, execution);
}

function activate(constructed: ConstructedStage, execution: Execution): Work {
  const { stage, code } = constructed;
  if (code.lifetime === 'run') return useShared(constructed, execution);
  const view = stage.view(execution);
  let owner: NodeSupply | undefined;
  let node: object;
  try {
    // Inside the try block: a container may throw when asked whether the class is bound.
    owner = ownerOf(code, execution.run.container, stage.site.path);
    const made = make(code, view, owner, stage.site.path);
    if (isPromise(made)) return takeMade(made, constructed, execution);
    node = made;
  } catch (thrown) {
    failed(constructed, execution, thrown);
    return undefined;
  }
  stage.setState(execution, node);
  return owner === undefined ? begin(constructed, execution, node, view) : undefined;
}

/** Awaits a node from an asynchronous binding. `init` is not called, because the container owns the node. */
async function takeMade(
  made: Promise<object>,
  constructed: ConstructedStage,
  execution: Execution,
): Promise<void> {
  const { stage } = constructed;
  const wait = execution.run.waitAt(stage.site.path);
  try {
    stage.setState(execution, await made);
  } catch (thrown) {
    failed(constructed, execution, thrown);
  } finally {
    wait.end();
  }
}

/** Initialises a node that the run has constructed. */
function begin(
  constructed: ConstructedStage,
  execution: Execution,
  node: object,
  view: PipelineContext,
): Work {
  const { path } = constructed.stage.site;
  try {
    const ready = initialise(node, view, execution.frame, path);
    if (isThenable(ready)) return initialised(ready, constructed, execution);
  } catch (thrown) {
    failed(constructed, execution, thrown);
  }
  return undefined;
}

/** Functions of this file that the generated code of a child calls. */
export const activationSteps: Pick<ChildSteps, 'activate' | 'begin' | 'fail'> = {
  activate,
  begin(constructed, execution, node, view) {
    const { code, stage } = constructed;
    if (code.fits(node)) return begin(constructed, execution, node, view);
    failed(constructed, execution, unfit(code, stage.site.path));
    return undefined;
  },
  fail(constructed, execution, thrown) {
    const { code, stage } = constructed;
    failed(constructed, execution, unmade(code, stage.site.path, thrown));
  },
};

/** Awaits a node's `init`. */
async function initialised(
  ready: PromiseLike<unknown>,
  constructed: ConstructedStage,
  execution: Execution,
): Promise<void> {
  const wait = execution.run.waitAt(constructed.stage.site.path);
  try {
    await ready;
  } catch (thrown) {
    failed(constructed, execution, thrown);
  } finally {
    wait.end();
  }
}

function failed({ stage }: ConstructedStage, execution: Execution, thrown: unknown): void {
  execution.fail(surfaced(thrown, stage.site.path), stage.site);
}

function surfaced(thrown: unknown, path: string): PipelineError {
  if (isInstanceOf(thrown, ActivationFailure)) return thrown.error;
  return wholeNodeFailed(path, thrown, 'failed in init');
}

/** Uses the run's instance of a node with lifetime `run`; made at the first use, in the root context. */
function useShared(constructed: ConstructedStage, execution: Execution): Work {
  const { stage, code } = constructed;
  const { run } = execution;
  const { path } = stage.site;
  // Keyed by path, not by stage: a child that is defined again has new stages.
  const known = run.sharedNodes.get(path) as KnownNode | undefined;
  const isKnown = known !== undefined && known.type === code.type;
  const node = isKnown ? known.node : runInContext(run.root, makeShared, constructed, execution);
  if (!isKnown) run.sharedNodes.set(path, { type: code.type, node });
  if (isPromise(node)) return takeLater(node, constructed, execution);
  take(node, constructed, execution);
  return undefined;
}

function take({ instance, error }: SharedNode, { stage }: ConstructedStage, execution: Execution): void {
  stage.setState(execution, instance);
  if (error !== undefined) execution.fail(error, stage.site);
}

async function takeLater(
  node: Promise<SharedNode>,
  constructed: ConstructedStage,
  execution: Execution,
): Promise<void> {
  const { stage, code } = constructed;
  const { run } = execution;
  const wait = run.waitAt(stage.site.path);
  const made = await node;
  wait.end();
  run.sharedNodes.set(stage.site.path, { type: code.type, node: made });
  take(made, constructed, execution);
}

/** Makes a node with lifetime `run`, only once: its error fails every execution that needs the node. */
function makeShared(
  { stage, code }: ConstructedStage,
  execution: Execution,
): SharedNode | Promise<SharedNode> {
  const { root, container } = execution.run;
  const { path } = stage.site;
  let instance: object = {};
  try {
    const owner = ownerOf(code, container, path);
    const made = make(code, root.context, owner, path);
    if (isPromise(made)) {
      return made.then(
        (node) => ({ instance: node, error: undefined }),
        (thrown: unknown) => ({ instance, error: surfaced(thrown, path) }),
      );
    }
    instance = made;
    const ready = owner === undefined ? initialise(instance, root.context, root.frame, path) : undefined;
    if (!isThenable(ready)) return { instance, error: undefined };
    return Promise.resolve(ready).then(
      () => ({ instance, error: undefined }),
      (thrown: unknown) => ({ instance, error: surfaced(thrown, path) }),
    );
  } catch (thrown) {
    return { instance, error: surfaced(thrown, path) };
  }
}

/** Methods that dispose a node; the first one that exists is called. */
const disposingMethods = ['dispose', Symbol.asyncDispose, Symbol.dispose] as const;

/** Registers the node's disposer, then calls `init`: the disposer runs also when `init` fails. */
function initialise(instance: object, context: PipelineContext, frame: ContextFrame, path: string): unknown {
  const node = instance as NodeLifecycle;
  if ('dispose' in node || Symbol.asyncDispose in node || Symbol.dispose in node) {
    const dispose = disposingMethod(node, disposingMethods);
    if (dispose !== undefined) frame.addDisposer(dispose, path);
  }
  return typeof node.init === 'function' ? node.init(context) : undefined;
}

/** The container that a class is bound in. Undefined if the run constructs, initialises and disposes the class. */
function ownerOf(code: NodeCode, container: NodeSupply | undefined, path: string): NodeSupply | undefined {
  const { type } = code;
  if (container === undefined || type === undefined) return undefined;
  try {
    return container.isBound(type) ? container : undefined;
  } catch (thrown) {
    throw unmade(code, path, thrown);
  }
}

/** Gets an instance from the container that owns the class, or constructs one with the context. */
function make(
  code: NodeCode,
  context: PipelineContext,
  owner: NodeSupply | undefined,
  path: string,
): object | Promise<object> {
  const type = code.type as Constructor<object>;
  if (owner === undefined && code.isInjected) {
    throw new ActivationFailure(
      path,
      type,
      'it is decorated for injection, but not bound in a container of the runner',
    );
  }
  let instance: unknown;
  try {
    instance =
      owner === undefined
        ? new (type as unknown as new (context: PipelineContext) => object)(context)
        : owner.get<object>(type);
  } catch (thrown) {
    throw unmade(code, path, thrown);
  }
  if (owner === undefined || !isThenable(instance)) return fitting(code, instance, path);
  return whenSettled(
    instance,
    (made) => fitting(code, made, path),
    (thrown) => {
      throw unmade(code, path, thrown);
    },
  );
}

function fitting(code: NodeCode, instance: unknown, path: string): object {
  if (code.fits(instance)) return code.around === undefined ? instance : code.around(instance);
  throw unfit(code, path);
}

function unmade({ type }: NodeCode, path: string, thrown: unknown): ActivationFailure {
  return new ActivationFailure(path, type, `its construction failed: ${printed(thrown)}`, thrown);
}

function unfit({ type, methods }: NodeCode, path: string): ActivationFailure {
  const names = methods.map((method) => `'${method}'`).join(' or ');
  const why = `what was constructed has no method ${names}; add it with the method of its kind`;
  return new ActivationFailure(path, type, why);
}

/** Carries `NODE_ACTIVATION_FAILED`, to tell it apart from errors that `init` throws. */
class ActivationFailure extends Error {
  readonly error: PipelineError;

  constructor(path: string, type: Constructor<object> | undefined, why: string, cause?: unknown) {
    super(why);
    const name = type?.name ?? '';
    this.error = new PipelineError('NODE_ACTIVATION_FAILED', {
      path,
      problem: `No node could be made of the class '${name}': ${why}.`,
      remedy: `Bind ${name} and what it needs in the runner's container, or let its constructor take the context only.`,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
