import { isThenable } from '../data/foreign-value.js';
import { SKIP } from '../nodes/skip.js';
import { codeOf } from './generated-code.js';
import { HALTED, writtenNodes } from './generated-nodes.js';
import type { Walk, WalkedSegment } from './walk.js';

/**
 * Writes the walk of one segment out, node by node, so that the compiler knows each node's code by its call.
 *
 * In a loop that all pipelines share no call is to the same code twice, and none can be inlined.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generateWalk(walked: WalkedSegment): Walk | undefined {
  const { hasSink } = walked;
  const nodes = writtenNodes(walked).map(
    ({ at, isSink, method, target, view }) => `
      at = ${at};
      if (${HALTED}) return segment.endAt(execution, 0, ${at}, 'cancelled');
      target = ${target};
      result = target.${method}(item, ${view});
      if (isThenable(result)) return segment.waitAt(execution, 0, ${at}, item, result, undefined);
      ${isSink ? '' : `if (result === SKIP) return segment.endAt(execution, 0, ${at}, 'filtered'); item = result;`}`,
  );
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
