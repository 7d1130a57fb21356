import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import { isThenable } from '../../data/foreign-value.js';
import { SKIP } from '../../nodes/skip.js';
import { codeOf } from '../passing/generated-code.js';
import { HALTED, writtenCalls, writtenNodes } from '../passing/generated-nodes.js';
import type { WrittenNode } from '../passing/generated-nodes.js';
import type { Execution } from '../execution/execution.js';
import type { Passage } from '../passing/passage.js';
import type { ChildExecution, ChildRun, ConstructedStage } from './plan.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import type { WalkedSegment } from '../passing/walk.js';
import type { Work } from '../execution/work.js';

/** The parts of a child's plan that code is generated from. */
export interface ChildLine {
  readonly constructed: readonly ConstructedStage[];
  /** Initial `Execution.states`: the nodes that all executions share are in their slots. */
  readonly states: readonly unknown[];
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
 * constructors and methods. Nodes and views are local variables: `Execution.states` gets them only where other code
 * goes on with the child.
 *
 * @returns undefined if the process forbids code from text.
 */
export function generateChild(line: ChildLine, steps: ChildSteps): ChildRun | undefined {
  const { constructed, walk, endsWithItem } = line;
  const writer = new ChildWriter(line);
  const item = walk === undefined ? '' : writer.walk(walk.segment, endsWithItem);
  const text = `
    return function runWritten(execution, item, trace) {
      const { frame, run } = execution;
      const { scope, services } = frame;
      if (trace !== undefined || (run.followsBelow && services.executionObserver !== undefined) || run.container !== undefined)
        return steps.run(execution, item, trace);
      let place = 0, view, node, begun, error, isThrown = false;
      ${writer.variables}
      ready: {
        try {${writer.activations}
        } catch (thrown) {
          error = thrown;
          isThrown = true;
          break ready;
        }
        if (run.readings !== undefined || ${HALTED}) break ready;
        ${item}
      }
      ${writer.keep}
      if (begun !== undefined) return steps.goOn(begun, execution, item, place + 1);
      if (isThrown) {
        if (node !== undefined) return steps.goOn(steps.begin(constructed[place], execution, node, view), execution, item, place + 1);
        steps.fail(constructed[place], execution, error);
      } else if (run.readings !== undefined) steps.watch(execution);
      return steps.enter(execution, item, undefined);
    };`;
  return codeOf<ChildRun>(text, {
    ...writer.constants,
    SKIP,
    viewOf,
    asyncDispose: Symbol.asyncDispose,
    dispose: Symbol.dispose,
    constructed,
    isThenable,
    steps,
    ...(walk ?? {}),
  });
}

/** Writes the parts of a child's code, for which nodes and views are variables named by their slots. */
class ChildWriter {
  readonly constants: Record<string, unknown> = {};
  readonly #line: ChildLine;
  /** The slots of nodes that the code constructs by itself. */
  readonly #made = new Set<number>();
  /** The slots of nodes that are functions, of which the code makes the views. */
  readonly #viewed = new Set<number>();

  constructor(line: ChildLine) {
    this.#line = line;
    for (const { code, stage } of line.constructed) {
      if (code.lifetime === 'execution' && !code.isInjected && code.around === undefined)
        this.#made.add(stage.slot);
    }
  }

  /** Declares the variables of all nodes and views. */
  get variables(): string {
    const names = [...this.#slots].map((slot) => `view${String(slot)}, node${String(slot)}`);
    return names.length === 0 ? '' : `let ${names.join(', ')};`;
  }

  get #slots(): Iterable<number> {
    return new Set([...this.#made, ...this.#viewed]);
  }

  /** Hands all nodes and views over to `Execution.states`. */
  get keep(): string {
    return this.#keep(this.#slots);
  }

  #keep(slots: Iterable<number>): string {
    const stores = [...slots].map((slot) => {
      const view = `states[${String(slot)}] = view${String(slot)};`;
      return this.#made.has(slot) ? `${view} states[${String(slot + 1)}] = node${String(slot)};` : view;
    });
    return stores.length === 0 ? '' : `{ const { states } = execution; ${stores.join(' ')} }`;
  }

  /** Writes the activation of all nodes, one after the other. */
  get activations(): string {
    return this.#line.constructed.map((each, place) => this.#activation(each, place)).join('');
  }

  /**
   * Writes the activation of one node: `new` for a plain class. Other nodes are left to `steps.activate`.
   *
   * An error after `new` comes from looking for `init` or `dispose`, which a proxy may refuse. `steps.begin` then handles
   * the node as the code without generation does.
   */
  #activation({ code, stage: { slot, site } }: ConstructedStage, place: number): string {
    const at = String(place);
    const [view, node] = [`view${String(slot)}`, `node${String(slot)}`];
    const start = `
          place = ${at};
          if (${HALTED}) break ready;`;
    if (!this.#made.has(slot))
      return `${start}
          begun = steps.activate(constructed[${at}], execution);
          if (begun !== undefined) break ready;`;
    Object.assign(this.constants, { [`id${at}`]: site.id, [`code${at}`]: code, [`type${at}`]: code.type });
    return `${start}
          node = undefined;
          view = ${view} = viewOf(frame, id${at});
          node = ${node} = new type${at}(view);
          if (code${at}.prototype === null || node.constructor !== type${at} || 'init' in node || 'dispose' in node || asyncDispose in node || dispose in node) {
            begun = steps.begin(constructed[${at}], execution, node, view);
            if (begun !== undefined) break ready;
          }`;
  }

  /** Writes the calls of the nodes in the child's first segment, the push into the next stage, and the child's end. */
  walk(segment: WalkedSegment, endsWithItem: boolean): string {
    const written = writtenNodes(segment);
    const nodes = written.map((node, place) => this.#called(segment, node, place));
    const inWalk = new Set(written.map(({ slot }) => slot));
    const behind = [...this.#made].filter((slot) => !inWalk.has(slot));
    return `${this.#keep(behind)}
        input.counter(execution).passed += 1;
        ${writtenCalls(nodes, {
          hasOneExit: true,
          segment: 'segment',
          leave: (passage) => `{ ${this.keep} return steps.end(execution, ${passage}); }`,
        })}
        ${nodes.length === 0 ? '' : `segment.tally(execution).allPassed(${String(nodes.length)}, 1);`}
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
        ${this.keep}
        return steps.end(execution, undefined);`;
  }

  /** The expressions for a node of the walk: what the code has made, a function, or else what is in the states. */
  #called(segment: WalkedSegment, node: WrittenNode, place: number): WrittenNode {
    const { slot } = node;
    const [view, at] = [`view${String(slot)}`, String(place)];
    if (this.#made.has(slot)) return { ...node, view, target: `node${String(slot)}` };
    const shared = this.#line.states[slot + 1];
    if (shared === undefined)
      return {
        ...node,
        view: `execution.states[${String(slot)}] ?? segment.viewAt(execution, ${at})`,
        target: `execution.states[${String(slot + 1)}]`,
      };
    this.#viewed.add(slot);
    Object.assign(this.constants, { [`viewed${at}`]: segment.nodeIdAt(place), [`shared${at}`]: shared });
    return { ...node, view: `${view} = viewOf(frame, viewed${at})`, target: `shared${at}` };
  }
}
