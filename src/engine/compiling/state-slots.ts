/** The places in which the stages of a plan keep what changes in an execution. */
export class StateSlots {
  /** What stands there when an execution begins. */
  readonly states: unknown[] = [];

  /** Takes so many places, one after the other; gives the first. */
  take(count: number): number {
    const first = this.states.length;
    for (let index = 0; index < count; index += 1) this.states.push(undefined);
    return first;
  }
}
