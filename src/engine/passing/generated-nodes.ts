import { SLOTS_PER_NODE } from '../execution/stage-site.js';
import type { WalkedSegment } from './walk.js';

/** The condition under which an execution takes no further item, as it stands in generated code. */
export const HALTED = 'execution.failure !== undefined || scope.reason !== undefined';

/** A node of a segment, in the words of generated code. */
export interface WrittenNode {
  /** Its place in the segment. */
  readonly at: string;
  readonly isSink: boolean;
  /** What is called once per item; to be called on the target. */
  readonly method: 'transform' | 'write';
  readonly target: string;
  /** The context as the node sees it; made where it has not been made yet. */
  readonly view: string;
}

/**
 * The nodes of a segment, for code that has `states` and `execution` as names.
 *
 * @param name the name of the segment in the code.
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
      isSink,
      method: isSink ? 'write' : 'transform',
      target: `states[${String(slot + 1)}]`,
      view: `states[${String(slot)}] ?? ${name}.viewAt(execution, ${at})`,
    };
  });
}

/**
 * The same nodes with targets and views in variables, for code that calls them many times.
 *
 * @param suffix what makes the variables different from those of other segments.
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

/** How code goes on after calls. */
export interface CallEnds {
  /** The name of the segment in the code. */
  readonly segment: string;
  /** Leaves the code with what the segment makes of the item: a passage where it must wait. */
  readonly leave: (passage: string) => string;
  /** Leaves the code where a node filters the item out. */
  readonly filter: (at: string) => string;
}

/**
 * Calls the nodes of a segment with an item, one after the other, for code that also has `at`, `target`, `result`, `item`
 * and `scope` as names; what is not a plain value leaves it.
 */
export function writtenCalls(nodes: readonly WrittenNode[], { segment, leave, filter }: CallEnds): string {
  const calls = nodes.map(
    ({ at, isSink, method, target, view }) => `
        at = ${at};
        if (${HALTED}) ${leave(`${segment}.endAt(execution, 0, ${at}, 'cancelled')`)}
        target = ${target};
        result = target.${method}(item, ${view});
        if (isThenable(result)) ${leave(`${segment}.waitAt(execution, 0, ${at}, item, result, undefined)`)}
        ${isSink ? '' : `if (result === SKIP) ${filter(at)} item = result;`}`,
  );
  return `try {${calls.join('')}
      } catch (thrown) {
        ${leave(`${segment}.failAt(execution, 0, at, item, thrown, undefined)`)}
      }`;
}

/** How code goes on that is left at once with whatever a segment makes of the item. */
export function leavingBy(leave: (passage: string) => string): CallEnds {
  return {
    segment: 'segment',
    leave,
    filter: (at) => leave(`segment.endAt(execution, 0, ${at}, 'filtered')`),
  };
}
