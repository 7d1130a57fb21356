import { allEnded, FanOutStage } from '../stages/fan-out-stage.js';
import { GateStage } from '../stages/gate-stage.js';
import { inVariables, writtenCalls, writtenNodes } from './generated-nodes.js';
import { workOf } from './passage.js';
import { SegmentStage } from './segment-stage.js';
import type { Stage } from '../stages/stage.js';

/** Maximum number of calls in one generated function: more would take V8 too long to compile. */
const MOST_CALLS = 100;

/**
 * Generated code for the stages behind a source's segment.
 *
 * The code around it must have the names `item`, `work`, `execution`, `states`, `scope`, `SKIP` and `isThenable`.
 */
export interface WrittenWays {
  /** Variables for the start of the function: instances, views, gates and counts. */
  readonly start: string;
  /** Pushes `item` into the first stage. Sets `work` to a promise if the item must wait, else leaves it undefined. */
  readonly push: string;
  /** Adds the counts to those of the run and resets them; to be run when the loop is left or waits. */
  readonly addUp: string;
  /** Values that the code uses, by name. */
  readonly constants: Readonly<Record<string, unknown>>;
}

/**
 * Generates code for the stages behind a source's segment: fan-outs, their segments, and gates.
 *
 * The code does the same as `push` of each stage; other stages are called through `push`. The code of a stage that is
 * reached by several branches is written once per branch, because a function call would take twice the time.
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
        ${writtenCalls(nodes, { segment: name, leave, filter, hasOneExit: false })}
        ${passed} += 1;
        ${segment.hasSink ? '' : this.push(segment.next)}
      }`;
  }

  /** Adds variables to the start; false if they are there already, for a stage reached by another branch. */
  #declare(variables: string): boolean {
    if (this.start.includes(variables)) return false;
    this.start.push(variables);
    return true;
  }

  /** Declares a variable that counts items, and returns its name. */
  #counted(variable: string, add: (items: string) => string): string {
    const isNew = this.#declare(`
      let ${variable} = 0;`);
    if (isNew)
      this.addUp.push(`
      if (${variable} > 0) { ${add(variable)} ${variable} = 0; }`);
    return variable;
  }
}
