import { PipelineContext } from '../../context/pipeline-context.js';
import { isThenable } from '../../data/foreign-value.js';
import { SKIP } from '../../nodes/skip.js';
import { codeOf } from '../passing/generated-code.js';
import { HALTED, leavingBy, writtenCalls, writtenNodes } from '../passing/generated-nodes.js';
import type { Execution } from '../execution/execution.js';
import type { Passage } from '../passing/passage.js';
import type { ChildExecution, ChildRun, ConstructedStage } from './plan.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import type { WalkedSegment } from '../passing/walk.js';
import type { Work } from '../execution/work.js';

/** The parts of a child's plan that code is generated from. */
export interface ChildLine {
  readonly constructed: readonly ConstructedStage[];
  /** True if the child is done when its item has passed. Only disposers registered by nodes may be left to call. */
  readonly endsWithItem: boolean;
  /** The first segment of the child; undefined if no code is generated for it. */
  readonly walk:
    | {
        readonly input: Pick<NodeStage, 'counter'>;
        readonly segment: WalkedSegment;
        readonly next: Stage;
      }
    | undefined;
}

/** Shared functions that the generated code of a child calls. */
export interface ChildSteps {
  /** Runs the whole child without generated code. */
  readonly run: ChildRun;
  /** Constructs and initialises any node, also from a container or with lifetime `run`; never throws. */
  activate(constructed: ConstructedStage, execution: Execution): Work;
  /** Checks and initialises a node that was constructed; never throws. */
  begin(constructed: ConstructedStage, execution: Execution, node: object, view: PipelineContext): Work;
  /** Waits for an `init`, activates the nodes from index `next` on, then runs the rest of the child. */
  goOn(begun: Work, child: ChildExecution, item: unknown, next: number): Work;
  /** Fails the execution with an error that a constructor threw. */
  fail(constructed: ConstructedStage, execution: Execution, thrown: unknown): void;
  /** Has the nodes of a child measured. */
  watch(child: ChildExecution): void;
  /** Runs the item through a child whose nodes are ready; a child that has failed is only closed. */
  readonly enter: ChildRun;
  /** Ends a child whose item has passed; with a passage, after the item has waited. */
  end(child: ChildExecution, passage: Passage | undefined): Work;
}

/**
 * Generates a function that constructs a child's nodes and takes its item through the first segment.
 *
 * Each item of a composite constructs these nodes anew. One `new` and one call per node in the code let V8 inline the
 * constructors and methods.
 *
 * @returns undefined if the process forbids code from text.
 */
export function generateChild(
  { constructed, walk, endsWithItem }: ChildLine,
  steps: ChildSteps,
): ChildRun | undefined {
  const text = `
    return function runWritten(execution, item, trace) {
      const { states, frame, run } = execution;
      const { scope, services } = frame;
      if (trace !== undefined || (run.followsBelow && services.executionObserver !== undefined) || run.container !== undefined)
        return steps.run(execution, item, trace);
      let at = 0, view, node, target, result;
      try {${constructed.map((each, at) => activation(each, at)).join('')}
      } catch (thrown) {
        if (node !== undefined) return steps.goOn(steps.begin(constructed[at], execution, node, view), execution, item, at + 1);
        steps.fail(constructed[at], execution, thrown);
        return steps.enter(execution, item, undefined);
      }
      if (run.readings !== undefined) steps.watch(execution);
      ${walk === undefined ? 'return steps.enter(execution, item, undefined);' : walkOver(walk.segment, endsWithItem)}
    };`;
  const names: Record<string, unknown> = Object.fromEntries<unknown>(
    constructed.flatMap(({ stage, code }, at) => [
      [`site${String(at)}`, stage.site],
      [`code${String(at)}`, code],
      [`type${String(at)}`, code.type],
    ]),
  );
  return codeOf<ChildRun>(text, {
    SKIP,
    View: PipelineContext,
    asyncDispose: Symbol.asyncDispose,
    dispose: Symbol.dispose,
    constructed,
    isThenable,
    steps,
    ...(walk ?? {}),
    ...names,
  });
}

/**
 * Writes the activation of one node: `new` for a plain class. Other nodes are left to `steps.activate`.
 *
 * An error after `new` comes from looking for `init` or `dispose`, which a proxy may refuse. `steps.begin` then handles
 * the node as the code without generation does.
 */
function activation({ code, stage: { slot } }: ConstructedStage, place: number): string {
  const at = String(place);
  const goOn = `if (begun !== undefined) return steps.goOn(begun, execution, item, ${String(place + 1)});`;
  const isPlain = code.lifetime === 'execution' && !code.isInjected && code.around === undefined;
  return `
        if (${HALTED}) return steps.enter(execution, item, undefined);
        at = ${at};${
          isPlain
            ? `
        view = states[${String(slot)}] = new View(frame, site${at}.id);
        node = undefined;
        node = states[${String(slot + 1)}] = new type${at}(view);
        if (code${at}.prototype === null || node.constructor !== type${at} || 'init' in node || 'dispose' in node || asyncDispose in node || dispose in node) {
          const begun = steps.begin(constructed[${at}], execution, node, view);
          ${goOn}
        }`
            : `
        {
          const begun = steps.activate(constructed[${at}], execution);
          ${goOn}
        }`
        }`;
}

/** Writes the calls of the nodes in the child's first segment, and the push into the next stage. */
function walkOver(segment: WalkedSegment, endsWithItem: boolean): string {
  const nodes = segment.transforms + (segment.hasSink ? 1 : 0);
  return `
      if (${HALTED}) return steps.end(execution, undefined);
      input.counter(execution).passed += 1;
      ${writtenCalls(
        writtenNodes(segment),
        leavingBy((passage) => `return steps.end(execution, ${passage});`),
      )}
      ${nodes === 0 ? '' : `segment.tally(execution).allPassed(${String(nodes)}, 1);`}
      ${
        segment.hasSink
          ? ''
          : `const pushed = next.push(execution, item, undefined);
      if (pushed !== undefined) return steps.end(execution, segment.waitBehind(execution, pushed));`
      }
      ${
        endsWithItem
          ? `if (execution.isUntouched && frame.disposerCount === 0) {
        frame.closeDisposal('succeeded');
        frame.closeScope();
        return undefined;
      }`
          : ''
      }
      return steps.end(execution, undefined);`;
}
