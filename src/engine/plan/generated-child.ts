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

/** The parts of a child that are written out. */
export interface ChildLine {
  readonly constructed: readonly ConstructedStage[];
  /** Whether nothing is left to do when the item has passed, but to dispose what nodes have registered. */
  readonly endsWithItem: boolean;
  /** What the item passes first; undefined where that is not written out. */
  readonly walk:
    | {
        readonly input: Pick<NodeStage, 'counter'>;
        readonly segment: WalkedSegment;
        readonly next: Stage;
      }
    | undefined;
}

/** What a child that is written out leaves to the code that all plans share. */
export interface ChildSteps {
  /** Runs the whole child. */
  readonly run: ChildRun;
  /** Constructs and initialises a node in whatever way it is to be made; never throws. */
  activate(constructed: ConstructedStage, execution: Execution): Work;
  /** Verifies and initialises what was constructed; never throws. */
  begin(constructed: ConstructedStage, execution: Execution, node: object, view: PipelineContext): Work;
  /** Goes on with the nodes from a place on, after an `init`, and then with the child. */
  goOn(begun: Work, child: ChildExecution, item: unknown, next: number): Work;
  /** Fails the execution: a constructor threw. */
  fail(constructed: ConstructedStage, execution: Execution, thrown: unknown): void;
  /** Takes the item into a child whose nodes are ready, or could not all be made: that is closed. */
  readonly enter: ChildRun;
  /** Ends a child whose item has gone as far as it can; a passage where it must wait. */
  end(child: ChildExecution, passage: Passage | undefined): Work;
}

/**
 * Writes the whole way of an item through a child out: the construction of the nodes, so that the compiler knows each
 * class by its `new`, and the walk over them, so that it knows each node's code by its call.
 *
 * Every item of a composite makes its nodes anew, and passes each of them once.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generateChild(
  { constructed, walk, endsWithItem }: ChildLine,
  steps: ChildSteps,
): ChildRun | undefined {
  const text = `
    return function runWritten(execution, item, trace) {
      const { states, frame, run } = execution;
      const { scope, services } = frame;
      if (trace !== undefined || services.executionObserver !== undefined || run.container !== undefined)
        return steps.run(execution, item, trace);
      let at = 0, view, node, target, result;
      try {${constructed.map((each, at) => activation(each, at)).join('')}
      } catch (thrown) {
        if (node !== undefined) return steps.goOn(steps.begin(constructed[at], execution, node, view), execution, item, at + 1);
        steps.fail(constructed[at], execution, thrown);
        return steps.enter(execution, item, undefined);
      }
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
 * Makes a node ready: constructs it where nothing else is to be done, and has all else done.
 *
 * What throws while a node is there is the asking what it has: a proxy may refuse that. The code that all plans share
 * then decides, as it does not let that end the child.
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

/** Takes the item over the nodes of the child's first segment, and hands it on. */
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
