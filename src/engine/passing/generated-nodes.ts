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

/** The nodes of a segment, for code that has `states`, `segment` and `execution` as names. */
export function writtenNodes({ transforms, hasSink, firstSlot }: WalkedSegment): readonly WrittenNode[] {
  return Array.from({ length: transforms + (hasSink ? 1 : 0) }, (_, place) => {
    const at = String(place);
    const slot = firstSlot + place * SLOTS_PER_NODE;
    const isSink = place === transforms;
    return {
      at,
      isSink,
      method: isSink ? 'write' : 'transform',
      target: `states[${String(slot + 1)}]`,
      view: `states[${String(slot)}] ?? segment.viewAt(execution, ${at})`,
    };
  });
}

/**
 * Calls the nodes of a segment with an item, one after the other, for code that also has `at`, `target`, `result`, `item`
 * and `scope` as names; what is not a plain value leaves it.
 *
 * @param leave writes how the code is left with what the segment makes of the item: a passage where it must wait.
 */
export function writtenCalls(segment: WalkedSegment, leave: (passage: string) => string): string {
  const calls = writtenNodes(segment).map(
    ({ at, isSink, method, target, view }) => `
        at = ${at};
        if (${HALTED}) ${leave(`segment.endAt(execution, 0, ${at}, 'cancelled')`)}
        target = ${target};
        result = target.${method}(item, ${view});
        if (isThenable(result)) ${leave(`segment.waitAt(execution, 0, ${at}, item, result, undefined)`)}
        ${isSink ? '' : `if (result === SKIP) ${leave(`segment.endAt(execution, 0, ${at}, 'filtered')`)} item = result;`}`,
  );
  return `try {${calls.join('')}
      } catch (thrown) {
        ${leave('segment.failAt(execution, 0, at, item, thrown, undefined)')}
      }`;
}
