import { hasMethod } from '../data/foreign-value.js';
import { observedTypes } from '../ports/execution-observer.js';
import type {
  ActiveScope,
  ExecutionEvent,
  ExecutionObserver,
  ObservedType,
  ScopedStart,
} from '../ports/execution-observer.js';
import { GuardedScope } from './guarded-scope.js';
import { nestedScope } from './nested-scope.js';
import { membersOf, notifyObserver, reportFailed } from './observers.js';
import type { Reporter } from './observers.js';

/** Events of what begins or ends; measures are no such events. */
const followed = /^(pipeline|composite)|^node(Started|Completed)$/;

/** Who hears the events of executions, and which events those are: read once, so that nothing else is made. */
export class Audience {
  /** Whether somebody hears when something begins or ends: what has begun must be known then, so that its end is told. */
  readonly follows: boolean;
  /** Whether somebody gives scopes. */
  readonly givesScopes: boolean;
  readonly #observers: readonly ExecutionObserver[];
  readonly #types: ReadonlySet<ObservedType>;

  constructor(observers: readonly (ExecutionObserver | undefined)[]) {
    const members = [...new Set(observers.flatMap((one) => (one === undefined ? [] : membersOf(one))))];
    const types = observedTypes.filter((type) => members.some((member) => hasMethod(member, type)));
    this.#observers = members;
    this.#types = new Set(types);
    this.givesScopes = members.some((member) => hasMethod(member, 'scope'));
    this.follows = this.givesScopes || types.some((type) => followed.test(type));
  }

  /** Whether somebody hears events of this type. */
  hears(type: ObservedType): boolean {
    return this.#types.has(type);
  }

  /** Tells an event. What one observer does wrong is reported, and keeps it from no other one. */
  tell(event: ExecutionEvent, reporter: Reporter): void {
    for (const observer of this.#observers) notifyObserver(observer, event, reporter);
  }

  /** Asks for what is active while code of what has started runs. What one observer does wrong keeps no other one out. */
  scopeOf(started: ScopedStart, reporter: Reporter): ActiveScope | undefined {
    const report = (error: unknown): void => {
      reportFailed(error, started, reporter, 'scope');
    };
    const scopes = this.#observers.flatMap((observer): readonly ActiveScope[] => {
      try {
        const scope = observer.scope?.(started);
        return scope === undefined ? [] : [new GuardedScope(scope, report)];
      } catch (thrown) {
        report(thrown);
        return [];
      }
    });
    return nestedScope(scopes);
  }
}
