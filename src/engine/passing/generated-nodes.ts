import { SLOTS_PER_NODE } from '../execution/stage-site.js';
import type { Departure, WalkedSegment } from './walk.js';

/** Expression of generated code: true if the execution has failed or was cancelled. */
export const HALTED = 'execution.failure !== undefined || scope.reason !== undefined';

/** The expressions by which generated code refers to one node of a segment. */
export interface WrittenNode {
  /** Index of the node in the segment, as text. */
  readonly at: string;
  /** Index of the node's view in `Execution.states`; its instance is at the next. */
  readonly slot: number;
  readonly isSink: boolean;
  /** Name of the target's method that is called with each item. */
  readonly method: 'transform' | 'write';
  /** Expression for the node's instance. */
  readonly target: string;
  /** Expression for the node's view of the context, which makes the view if there is none. */
  readonly view: string;
}

/**
 * Returns the expressions for the nodes of a segment. The code must have the variables `states` and `execution`.
 *
 * @param name variable of the segment in the code.
 */
export function writtenNodes(
  { transforms, hasSink, firstSlot }: WalkedSegment,
  name = 'segment',
): readonly WrittenNode[] {
  return Array.from({ length: transforms + (hasSink ? 1 : 0) }, (_, place) => {
    const at = String(place);
    const slot = firstSlot + place * SLOTS_PER_NODE;
    const isSink = place === transforms;
    return {
      at,
      slot,
      isSink,
      method: isSink ? 'write' : 'transform',
      target: `states[${String(slot + 1)}]`,
      view: `states[${String(slot)}] ?? ${name}.viewAt(execution, ${at})`,
    };
  });
}

/**
 * Moves the targets and views of nodes into variables, for code that calls the nodes many times.
 *
 * @param suffix added to each variable, to keep the variables of several segments apart.
 */
export function inVariables(
  nodes: readonly WrittenNode[],
  suffix = '',
): { readonly variables: string; readonly nodes: readonly WrittenNode[] } {
  const named = nodes.map((node) => ({
    ...node,
    target: `target${node.at}${suffix}`,
    view: `view${node.at}${suffix}`,
  }));
  const variables = nodes.map(
    ({ target, view }, index) => `
      const ${named[index]?.view ?? ''} = ${view}, ${named[index]?.target ?? ''} = ${target};`,
  );
  return { variables: variables.join(''), nodes: named };
}

/** Statements that leave the generated calls of a segment's nodes. */
export interface CallEnds {
  /** Variable of the segment in the code. */
  readonly segment: string;
  /** Leaves the calls. The argument is an expression for the item's passage, undefined if the item need not wait. */
  readonly leave: (passage: string) => string;
  /** Leaves the calls when a node filters the item out; without it, `leave` does. */
  readonly filter?: (at: string) => string;
  /**
   * True if all that leaves the calls goes through one statement: less code, which V8 inlines sooner where the calls are a
   * function of their own. In a long loop each leaves for itself, which runs faster.
   */
  readonly hasOneExit: boolean;
}

/**
 * Writes the calls of a segment's nodes, one after the other. A promise, `SKIP`, an error or the run's end leaves them.
 *
 * Besides those in the expressions of the nodes, the code must have the variables `execution`, `scope` and `item`.
 */
export function writtenCalls(nodes: readonly WrittenNode[], ends: CallEnds): string {
  const { segment, leave, filter, hasOneExit } = ends;
  const left = (how: string, result = 'result'): string =>
    leave(`${segment}.leftAt(execution, at, item, ${result}, ${how})`);
  const go = (how: Departure): string => (hasOneExit ? `{ how = '${how}'; break calls; }` : left(`'${how}'`));
  const calls = nodes.map(
    ({ at, isSink, method, target, view }) => `
        at = ${at};
        if (${HALTED}) ${go('cancelled')}
        target = ${target};
        result = target.${method}(item, ${view});
        if (isThenable(result)) ${go('waiting')}
        ${isSink ? '' : `if (result === SKIP) ${filter?.(at) ?? go('filtered')} item = result;`}`,
  );
  if (!hasOneExit)
    return `let at = 0, target, result;
      try {${calls.join('')}
      } catch (thrown) {
        ${left("'thrown'", 'thrown')}
      }`;
  return `let at = 0, target, result, how;
      calls: {
        try {${calls.join('')}
        } catch (thrown) {
          how = 'thrown';
          result = thrown;
        }
      }
      if (how !== undefined) ${left('how')}`;
}
