import { isThenable } from '../data/foreign-value.js';
import { SKIP } from '../nodes/skip.js';
import { codeOf } from './generated-code.js';
import { SLOTS_PER_NODE } from './stage-site.js';
import type { Walk, WalkedSegment } from './walk.js';

/**
 * Writes the walk of one segment out, node by node, so that the compiler knows each node's code by its call.
 *
 * In a loop that all pipelines share no call is to the same code twice, and none can be inlined.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generateWalk({ transforms, hasSink, firstSlot }: WalkedSegment): Walk | undefined {
  const nodes = Array.from({ length: transforms + (hasSink ? 1 : 0) }, (_, at) => {
    const slot = firstSlot + at * SLOTS_PER_NODE;
    const isSink = at === transforms;
    return `
      at = ${String(at)};
      if (execution.failure !== undefined || scope.reason !== undefined)
        return segment.endAt(execution, 0, ${String(at)}, 'cancelled');
      target = states[${String(slot + 1)}];
      result = target.${isSink ? 'write' : 'transform'}(
        item, states[${String(slot)}] ?? segment.viewAt(execution, ${String(at)}));
      if (isThenable(result)) return segment.waitAt(execution, 0, ${String(at)}, item, result, undefined);
      ${isSink ? '' : `if (result === SKIP) return segment.endAt(execution, 0, ${String(at)}, 'filtered'); item = result;`}`;
  });
  const text = `
    return function walk(segment, execution, item) {
      const { states, scope } = execution;
      let at = 0, target, result;
      try {${nodes.join('')}
      } catch (thrown) {
        return segment.failAt(execution, 0, at, item, thrown, undefined);
      }
      return ${hasSink ? 'segment.written(execution, 0)' : 'segment.leave(execution, 0, item, undefined)'};
    };`;
  return codeOf<Walk>(text, { SKIP, isThenable });
}
