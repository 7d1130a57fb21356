import { isThenable } from '../../data/foreign-value.js';
import { SKIP } from '../../nodes/skip.js';
import { codeOf } from './generated-code.js';
import { leavingBy, writtenCalls, writtenNodes } from './generated-nodes.js';
import type { Walk, WalkedSegment } from './walk.js';

/**
 * Writes the walk of one segment out, node by node, so that the compiler knows each node's code by its call.
 *
 * In a loop that all pipelines share no call is to the same code twice, and none can be inlined.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generateWalk(walked: WalkedSegment): Walk | undefined {
  const text = `
    return function walk(segment, execution, item) {
      const { states, scope } = execution;
      let at = 0, target, result;
      ${writtenCalls(
        writtenNodes(walked),
        leavingBy((passage) => `return ${passage};`),
      )}
      return ${walked.hasSink ? 'segment.written(execution, 0)' : 'segment.leave(execution, 0, item, undefined)'};
    };`;
  return codeOf<Walk>(text, { SKIP, isThenable });
}
