import { PipelineContext } from '../context/pipeline-context.js';
import { codeOf } from './generated-code.js';
import type { Execution } from './execution.js';
import type { Activation, ConstructedStage } from './plan.js';
import type { Work } from './work.js';

/** What the activation of a plan leaves to code that all plans share. */
export interface ActivationSteps {
  /** Verifies and initialises what was constructed; never throws. */
  begin(constructed: ConstructedStage, execution: Execution, node: object, view: PipelineContext): Work;
  /** Goes on with the nodes from a place on, after an `init`. */
  goOn(
    begun: Promise<void>,
    constructed: readonly ConstructedStage[],
    execution: Execution,
    next: number,
  ): Work;
  /** Fails the execution: a constructor threw. */
  fail(constructed: ConstructedStage, execution: Execution, thrown: unknown): void;
}

/**
 * Writes the construction of a plan's nodes out, node by node, so that the compiler knows each class by its `new`.
 *
 * Every item of a composite makes its nodes anew: where all plans share one `new`, that is a tenth of a child's cost.
 *
 * @returns undefined where the process forbids to make code from text, or where a node is not made that simply.
 */
export function generateActivation(
  constructed: readonly ConstructedStage[],
  steps: ActivationSteps,
): Activation | undefined {
  const isPlain = constructed.every(
    ({ code }) => code.lifetime === 'execution' && !code.isInjected && code.around === undefined,
  );
  if (!isPlain || constructed.length === 0) return undefined;
  const nodes = constructed.map(({ stage }, at) => {
    const index = String(at);
    return `
        if (execution.failure !== undefined || frame.scope.reason !== undefined) return undefined;
        at = ${index};
        view = states[${String(stage.slot)}] = new View(frame, site${index}.id);
        node = states[${String(stage.slot + 1)}] = new type${index}(view);
        if (code${index}.prototype === null || node.constructor !== type${index} || 'init' in node || 'dispose' in node || asyncDispose in node || dispose in node) {
          const begun = steps.begin(constructed[${index}], execution, node, view);
          if (begun !== undefined) return steps.goOn(begun, constructed, execution, ${String(at + 1)});
        }`;
  });
  const text = `
    return function activate(execution) {
      const { states, frame } = execution;
      let at = 0, view, node;
      try {${nodes.join('')}
      } catch (thrown) {
        steps.fail(constructed[at], execution, thrown);
      }
      return undefined;
    };`;
  const names: Record<string, unknown> = Object.fromEntries<unknown>(
    constructed.flatMap(({ stage, code }, at) => [
      [`site${String(at)}`, stage.site],
      [`code${String(at)}`, code],
      [`type${String(at)}`, code.type],
    ]),
  );
  return codeOf<Activation>(text, {
    View: PipelineContext,
    asyncDispose: Symbol.asyncDispose,
    dispose: Symbol.dispose,
    constructed,
    steps,
    ...names,
  });
}
