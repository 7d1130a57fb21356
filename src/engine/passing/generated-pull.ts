import { isThenable } from '../../data/foreign-value.js';
import { SKIP } from '../../nodes/skip.js';
import { codeOf } from './generated-code.js';
import { HALTED, inVariables, writtenNodes } from './generated-nodes.js';
import type { WrittenNode } from './generated-nodes.js';
import { writtenWays } from './generated-ways.js';
import type { WrittenWays } from './generated-ways.js';
import { refuseNoResult } from '../streams/open-items.js';
import { settle } from './passage.js';
import type { PullLoop, WaitingLoop } from './pull-loop.js';
import type { NodeStage, Stage } from '../stages/stage.js';
import type { WalkedSegment } from './walk.js';

/** A source and the nodes that its items pass first, as the loop over them is written out. */
export interface PulledLine {
  readonly source: Pick<NodeStage, 'counter'>;
  readonly segment: WalkedSegment;
  /** What follows them. */
  readonly next: Stage;
  /** Whether the items are an array that iterates as arrays do, and not what an iterator gives. */
  readonly isList: boolean;
  /** Whether anything behind can lose interest before the items end. */
  readonly canClose: boolean;
}

/** Where a loop is while it is at no node: it asks the iterator, or looks at what that has answered. */
const ASKING = -2;
const ANSWERED = -1;

/**
 * Writes the whole loop over a source's items out: over the line of nodes behind it, and over the branches that follow.
 * So targets, views and counts are variables of one function, and the compiler knows each node's code by its call.
 *
 * What is counted is added up when the loop is left: where the line gives no plain value, and where a branch must wait.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generatePull(line: PulledLine): PullLoop | undefined {
  const { hasSink } = line.segment;
  const { variables, nodes } = inVariables(writtenNodes(line.segment));
  const ways = writtenWays(line.next);
  const steps = nodes.map(
    (node) => `
      at = ${node.at};
      ${node.at === '0' ? '' : `if (${HALTED}) { isGivenUp = true; break; }`}
      ${callOf(node)}
      if (isThenable(result)) { isPending = true; break; }
      ${node.isSink ? '' : `if (result === SKIP) { filtered${node.at} += 1; continue; } item = result;`}`,
  );
  const filters = nodes.filter(({ isSink }) => !isSink);
  const text = `
    return function pull(pulling, execution, steps) {
      ${localsOf(line, variables + ways.start)}
      let at = ${String(ANSWERED)}, entered = 0, done = 0, item, result, work, thrown;
      let isGivenUp = false, isPending = false, isThrown = false;
      ${filters.map(({ at }) => `let filtered${at} = 0;`).join(' ')}
      try {
        while (entered < steps) {
          ${takeNext(line, 'break')}
          if (isThenable(item)) { pulling.keepLate(item); break; }
          entered += 1;${steps.join('')}
          done += 1;
          ${hasSink ? '' : `${ways.push} if (work !== undefined) break;`}
        }
      } catch (error) {
        isThrown = true;
        thrown = error;
      }
      pulling.taken = taken;
      source.counter(execution).passed += entered;
      if (done > 0) segment.tally(execution).allPassed(${String(nodes.length)}, done);
      ${filters.map(({ at }) => `if (filtered${at} > 0) segment.filteredAt(execution, ${at}, filtered${at});`).join(' ')}
      ${ways.addUp}
      if (isThrown) {
        if (at >= 0) return segment.failAt(execution, 0, at, item, thrown, undefined);
        pulling.failed(thrown, at === ${String(ASKING)});
        return undefined;
      }
      if (isGivenUp) return segment.endAt(execution, 0, at, 'cancelled');
      if (isPending) return segment.waitAt(execution, 0, at, item, result, undefined);
      return work === undefined ? undefined : segment.waitBehind(execution, work);
    };`;
  return codeOf<PullLoop>(text, constantsOf(line, ways));
}

/**
 * Writes the same loop out for items that must wait: with an `await` at each call, in one function for many items.
 *
 * Everything is counted at once, since others may look while an item waits.
 *
 * @returns undefined where the process forbids to make code from text.
 */
export function generateWaitingPull(line: PulledLine): WaitingLoop | undefined {
  const { variables, nodes } = inVariables(writtenNodes(line.segment));
  const ways = writtenWays(line.next);
  const steps = nodes.map((node) => {
    const { at, isSink } = node;
    return `
          at = ${at};
          ${at === '0' ? '' : `if (${HALTED}) { segment.endAt(execution, at, at, 'cancelled'); continue; }`}
          ${callOf(node)}
          if (isThenable(result)) {
            counter${at}.in += 1;
            counter${at}.waiting += 1;
            isWaiting = true;
            result = await result;
            isWaiting = false;
            counter${at}.waiting -= 1;
            ${
              isSink
                ? `counter${at}.out += 1;`
                : `if (result === SKIP) { counter${at}.filtered += 1; continue; }
            counter${at}.out += 1;
            counter${at}.emitted += 1;`
            }
          } else {
            ${
              isSink
                ? `counter${at}.in += 1;
            counter${at}.out += 1;`
                : `if (result === SKIP) { segment.endAt(execution, at, at, 'filtered'); continue; }
            counter${at}.passed += 1;`
            }
          }
          ${isSink ? '' : 'item = result;'}`;
  });
  const text = `
    return async function pullWaiting(pulling, execution, steps) {
      ${localsOf(line, variables + ways.start)}
      const sourceCounter = source.counter(execution);
      ${nodes.map(({ at }) => `const counter${at} = segment.counterAt(execution, ${at});`).join(' ')}
      let at = ${String(ANSWERED)}, entered = 0, item, result, work, isWaiting = false;
      while (entered < steps) {
        try {
          ${takeNext(line, 'return')}
          pulling.taken = taken;
          if (isThenable(item)) { pulling.keepLate(item); return; }
          entered += 1;
          sourceCounter.passed += 1;${steps.join('')}
          ${line.segment.hasSink ? '' : `${ways.push} ${ways.addUp} if (work !== undefined) { await work; work = undefined; }`}
        } catch (thrown) {
          if (at < 0) {
            pulling.failed(thrown, at === ${String(ASKING)});
            return;
          }
          const passage = isWaiting
            ? segment.refuseAt(execution, at, item, thrown)
            : segment.failAt(execution, at, at, item, thrown, undefined);
          isWaiting = false;
          if (passage !== undefined) await settle(passage);
        }
      }
    };`;
  return codeOf<WaitingLoop>(text, { ...constantsOf(line, ways), settle });
}

/** Calls a node; named as in the code that all plans share, since errors of the language name it. */
function callOf({ method, target, view }: WrittenNode): string {
  return `{ const target = ${target}; result = target.${method}(item, ${view}); }`;
}

/** What does not change while a loop runs, in variables. */
function localsOf({ isList }: PulledLine, variables: string): string {
  return `const { states, scope } = execution;
      const { ${isList ? 'list' : 'iterator'} } = pulling;
      let { taken } = pulling;${variables}`;
}

/** Takes the next item, or leaves the loop. */
function takeNext({ isList, canClose }: PulledLine, leave: string): string {
  const check = `
          if (${HALTED}${canClose ? ' || pulling.isClosed' : ''}) { pulling.stop = 'ended'; ${leave}; }`;
  return isList
    ? `${check}
          at = ${String(ANSWERED)};
          if (taken >= list.length) { pulling.finish(); ${leave}; }
          item = list[taken];
          taken += 1;`
    : `${check}
          at = ${String(ASKING)};
          const step = iterator.next();
          refuseNoResult(step);
          const isDone = Boolean(step.done);
          at = ${String(ANSWERED)};
          if (isDone) { pulling.finish(); ${leave}; }
          item = step.value;
          taken += 1;`;
}

function constantsOf({ segment, source }: PulledLine, { constants }: WrittenWays): Record<string, unknown> {
  return { ...constants, SKIP, isThenable, refuseNoResult, segment, source };
}
