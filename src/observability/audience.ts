import { hasMethod } from '../data/foreign-value.js';
import { executionEventTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionEvents, ExecutionObserver } from '../ports/execution-observer.js';
import { membersOf, notifyObserver } from './observers.js';
import type { Reporter } from './observers.js';

type EventType = keyof ExecutionEvents;

/** Who hears the events of executions, and which events those are: read once, so that nothing else is made. */
export class Audience {
  /** Whether somebody hears when something begins or ends: what has begun must be known then, so that its end is told. */
  readonly follows: boolean;
  readonly #observers: readonly ExecutionObserver[];
  readonly #types: ReadonlySet<EventType>;

  constructor(observers: readonly (ExecutionObserver | undefined)[]) {
    const members = [...new Set(observers.flatMap((one) => (one === undefined ? [] : membersOf(one))))];
    const types = executionEventTypes.filter((type) => members.some((member) => hasMethod(member, type)));
    this.#observers = members;
    this.#types = new Set(types);
    this.follows = types.some((type) => /^(pipeline|node|composite)/.test(type));
  }

  /** Whether somebody hears events of this type. */
  hears(type: EventType): boolean {
    return this.#types.has(type);
  }

  /** Tells an event. What one observer does wrong is reported, and keeps it from no other one. */
  tell(event: ExecutionEvent, reporter: Reporter): void {
    for (const observer of this.#observers) notifyObserver(observer, event, reporter);
  }
}
