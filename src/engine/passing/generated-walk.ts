import { isThenable } from '../../data/foreign-value.js';
import { SKIP } from '../../nodes/skip.js';
import { codeOf } from './generated-code.js';
import { writtenCalls, writtenNodes } from './generated-nodes.js';
import type { Walk, WalkedSegment } from './walk.js';

/**
 * Generates the walk of one segment with one call per node, so that V8 can inline each node.
 *
 * In the shared loop of `walkInLoop` one call in the code serves all nodes of all pipelines, which V8 cannot inline.
 *
 * @returns undefined if the process forbids code from text.
 */
export function generateWalk(walked: WalkedSegment): Walk | undefined {
  const text = `
    return function walk(segment, execution, item) {
      const { states, scope } = execution;
      ${writtenCalls(writtenNodes(walked), {
        segment: 'segment',
        leave: (passage) => `return ${passage};`,
        hasOneExit: true,
      })}
      return ${walked.hasSink ? 'segment.written(execution, 0)' : 'segment.leave(execution, 0, item, undefined)'};
    };`;
  return codeOf<Walk>(text, { SKIP, isThenable });
}
