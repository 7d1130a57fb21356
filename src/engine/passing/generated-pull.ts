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

/** A source and the segment behind it, for which a loop is generated. */
export interface PulledLine {
  readonly source: Pick<NodeStage, 'counter'>;
  readonly segment: WalkedSegment;
  /** The stage behind the segment. */
  readonly next: Stage;
  /** True if the items are an array, read by index; false if they come from an iterator. */
  readonly isList: boolean;
  /** True if a stage behind may stop accepting items before the source ends. */
  readonly canClose: boolean;
  /** True if lineage follows one of so many items. */
  readonly isSampled: boolean;
}

/** Value of `at` while the iterator's `next` is running; values from 0 on are nodes. */
const ASKING = -2;
/** Value of `at` after the iterator has answered, before the first node. */
const ANSWERED = -1;

/**
 * Generates the loop that takes a source's items through its segment and the branches behind.
 *
 * Instances, views and counts are local variables, and each call in the code always calls the same node, so that V8 can
 * inline it. Counts are added to those of the run each time the loop is left.
 *
 * @returns undefined if the process forbids code from text.
 */
export function generatePull(line: PulledLine): PullLoop | undefined {
  const { hasSink } = line.segment;
  const { variables, nodes } = inVariables(writtenNodes(line.segment));
  const ways = writtenWays(line.next);
  const steps = nodes.map(
    (node) => `
      at = ${node.at};
      ${node.at === '0' ? '' : `if (${HALTED}) { isGivenUp = true; break loop; }`}
      ${callOf(node)}
      if (isThenable(result)) { isPending = true; break loop; }
      ${node.isSink ? '' : `if (result === SKIP) { filtered${node.at} += 1; continue; } item = result;`}`,
  );
  const filters = nodes.filter(({ isSink }) => !isSink);
  const take = `
          ${takeNext(line, 'break loop')}
          if (isThenable(item)) { pulling.keepLate(item); break loop; }`;
  const passOne = `${take}
          entered += 1;${steps.join('')}
          done += 1;
          ${hasSink ? '' : `${ways.push} if (work !== undefined) break loop;`}`;
  const text = `
    return function pull(pulling, execution, steps) {
      ${localsOf(line, variables + ways.start)}
      let at = ${String(ANSWERED)}, entered = 0, done = 0, item, result, work, thrown;
      let isGivenUp = false, isPending = false, isThrown = false, passage;
      ${filters.map(({ at }) => `let filtered${at} = 0;`).join(' ')}
      try {
        ${line.isSampled ? sampledLoop(take, passOne) : `loop: while (entered < steps) {${passOne}}`}
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
      return work === undefined ? passage : segment.waitBehind(execution, work);
    };`;
  return codeOf<PullLoop>(text, constantsOf(line, ways));
}

/**
 * Generates the loop of {@link generatePull} for asynchronous nodes, one async function per loop.
 *
 * Each item is counted at once, because other code may read the counts during an `await`.
 *
 * @returns undefined if the process forbids code from text.
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

/**
 * Writes the loop of a source whose lineage follows one of so many items: each of these passes the stages alone, between
 * the others.
 */
function sampledLoop(take: string, passOne: string): string {
  return `loop: for (let told = 0; ; told = entered) {
          const limit = Math.min(steps, entered + pulling.untilFollowed);
          while (entered < limit) {${passOne}}
          if (entered === steps) break;
          ${take}
          pulling.taken = taken;
          passage = pulling.enterAfter(item, entered - told);
          if (passage !== undefined) break;
        }`;
}

/**
 * Writes the call of a node.
 *
 * The variable is named `target` as in `walkInLoop`, as V8 prints the name in TypeErrors.
 */
function callOf({ method, target, view }: WrittenNode): string {
  return `{ const target = ${target}; result = target.${method}(item, ${view}); }`;
}

/** Writes the variables at the beginning of a loop. */
function localsOf({ isList }: PulledLine, variables: string): string {
  return `const { states, scope } = execution;
      const { ${isList ? 'list' : 'iterator'} } = pulling;
      let { taken } = pulling;${variables}`;
}

/** Writes the code that takes the next item or leaves the loop. */
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
