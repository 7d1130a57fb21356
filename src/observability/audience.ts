import { hasMethod } from '../data/foreign-value.js';
import { observedTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionObserver, ObservedType } from '../ports/execution-observer.js';
import { membersOf, notifyObserver } from './observers.js';
import type { Reporter } from './observers.js';

/** Events of what begins or ends; measures are no such events. */
const followed = /^(pipeline|composite)|^node(Started|Completed)$/;

/** Who hears the events of executions, and which events those are: read once, so that nothing else is made. */
export class Audience {
  /** Whether somebody hears when something begins or ends: what has begun must be known then, so that its end is told. */
  readonly follows: boolean;
  readonly #observers: readonly ExecutionObserver[];
  readonly #types: ReadonlySet<ObservedType>;

  constructor(observers: readonly (ExecutionObserver | undefined)[]) {
    const members = [...new Set(observers.flatMap((one) => (one === undefined ? [] : membersOf(one))))];
    const types = observedTypes.filter((type) => members.some((member) => hasMethod(member, type)));
    this.#observers = members;
    this.#types = new Set(types);
    this.follows = types.some((type) => followed.test(type));
  }

  /** Whether somebody hears events of this type. */
  hears(type: ObservedType): boolean {
    return this.#types.has(type);
  }

  /** Tells an event. What one observer does wrong is reported, and keeps it from no other one. */
  tell(event: ExecutionEvent, reporter: Reporter): void {
    for (const observer of this.#observers) notifyObserver(observer, event, reporter);
  }
}
