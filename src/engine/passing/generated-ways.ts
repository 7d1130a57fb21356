import { allEnded, FanOutStage } from '../stages/fan-out-stage.js';
import { GateStage } from '../stages/gate-stage.js';
import { inVariables, writtenCalls, writtenNodes } from './generated-nodes.js';
import { workOf } from './passage.js';
import { SegmentStage } from './segment-stage.js';
import type { Stage } from '../stages/stage.js';

/** How many calls are written out in one place: more would take V8 long to compile. */
const MOST_CALLS = 100;

/**
 * What follows a line of nodes, in the words of a generated loop that has `item`, `work`, `execution`, `states`, `scope`,
 * `SKIP` and `isThenable` as names.
 */
export interface WrittenWays {
  /** Variables, for the start of the loop's function: nodes, their views, gates, and counts. */
  readonly start: string;
  /** Pushes `item` into the first stage, and sets `work`, which was undefined, to what must be waited for. */
  readonly push: string;
  /** Adds the counts to those of the run, and starts anew: where the loop is left, or waits. */
  readonly addUp: string;
  /** What the code uses, by name. */
  readonly constants: Readonly<Record<string, unknown>>;
}

/**
 * Writes out what follows a line of nodes: fan-outs, the segments behind them, and the gates where they meet again.
 *
 * The stages themselves are the description: the code does what `push` of each stage does, and a stage that is not
 * written out is pushed into. Where several ways lead to one stage, its code is written once for each of them: in
 * functions of their own, calls would take twice the time.
 */
export function writtenWays(first: Stage): WrittenWays {
  const writer = new WayWriter();
  const push = writer.push(first);
  const { constants, start, addUp } = writer;
  return { push, constants, start: start.join(''), addUp: addUp.join('') };
}

class WayWriter {
  readonly constants: Record<string, unknown> = { allEnded, workOf };
  readonly start: string[] = [];
  readonly addUp: string[] = [];
  readonly #names = new Map<Stage, string>();
  #callsLeft = MOST_CALLS;

  push(stage: Stage): string {
    const name = this.#nameOf(stage);
    if (stage instanceof FanOutStage && this.#isRoomFor(stage.branches.length)) return this.#fanOut(stage);
    if (stage instanceof GateStage && this.#isRoomFor(1)) return this.#gate(stage, name);
    if (stage instanceof SegmentStage && stage.isWalked && this.#isRoomFor(stage.size))
      return this.#segment(stage, name);
    return `work = ${name}.push(execution, item, undefined);`;
  }

  #nameOf(stage: Stage): string {
    const name = this.#names.get(stage) ?? `stage${String(this.#names.size)}`;
    this.#names.set(stage, name);
    this.constants[name] = stage;
    return name;
  }

  #isRoomFor(calls: number): boolean {
    if (calls > this.#callsLeft) return false;
    this.#callsLeft -= calls;
    return true;
  }

  #fanOut({ branches }: FanOutStage): string {
    const pushes = branches.map(
      (branch) => `
        item = fanned;
        ${this.push(branch)}
        if (work !== undefined) { (works ??= []).push(work); work = undefined; }`,
    );
    return `{
        const fanned = item;
        let works;${pushes.join('')}
        if (works !== undefined) work = allEnded(works);
      }`;
  }

  #gate({ inner }: GateStage, name: string): string {
    const gate = `gate${name}`;
    this.#declare(`
      const ${gate} = ${name}.state(execution);`);
    return `if (${gate}.isBusy) work = ${name}.push(execution, item, undefined);
      else {
        ${gate}.isBusy = true;
        ${this.push(inner)}
        work = ${name}.leave(execution, ${gate}, work);
      }`;
  }

  #segment(segment: SegmentStage, name: string): string {
    const { variables, nodes } = inVariables(writtenNodes(segment, name), name);
    this.#declare(variables);
    const passed = this.#counted(
      `passed${name}`,
      (items) => `${name}.tally(execution).allPassed(${String(segment.size)}, ${items});`,
    );
    const filter = (at: string): string => {
      const filtered = this.#counted(
        `filtered${at}${name}`,
        (items) => `${name}.filteredAt(execution, ${at}, ${items});`,
      );
      return `{ ${filtered} += 1; break ${name}; }`;
    };
    const leave = (passage: string): string => `{ work = workOf(${passage}); break ${name}; }`;
    return `${name}: {
        let at = 0, target, result;
        ${writtenCalls(nodes, { segment: name, leave, filter })}
        ${passed} += 1;
        ${segment.hasSink ? '' : this.push(segment.next)}
      }`;
  }

  /** Adds variables to the start; tells whether they are new: another way may have led to the same stage. */
  #declare(variables: string): boolean {
    if (this.start.includes(variables)) return false;
    this.start.push(variables);
    return true;
  }

  /** A variable that counts items. */
  #counted(variable: string, add: (items: string) => string): string {
    const isNew = this.#declare(`
      let ${variable} = 0;`);
    if (isNew)
      this.addUp.push(`
      if (${variable} > 0) { ${add(variable)} ${variable} = 0; }`);
    return variable;
  }
}
