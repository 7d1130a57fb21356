import { isThenable, readProperty, toPromise } from '../data/foreign-value.js';
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
import { membersOf } from './observers.js';

/** Events of what begins or ends; measures are no such events. */
const followed = /^(pipeline|composite)|^node(Started|Completed)$/;

/** Takes down what an observer did wrong. */
export interface Reporter {
  report(level: 'warn', line: object, message: string): void;
}

/** A method of an observer, as it was when the run began. */
interface Listener {
  readonly observer: ExecutionObserver;
  readonly method: (event: never) => unknown;
}

/** Who hears the events of executions, and which events those are: read once, so that nothing else is made. */
export class Audience {
  /** Whether somebody hears when something begins or ends: what has begun must be known then, so that its end is told. */
  readonly follows: boolean;
  /** Whether somebody gives scopes. */
  readonly givesScopes: boolean;
  readonly #listeners: ReadonlyMap<string, readonly Listener[]>;
  readonly #scoping: readonly Listener[];

  constructor(observers: readonly (ExecutionObserver | undefined)[]) {
    const members = [...new Set(observers.flatMap((one) => (one === undefined ? [] : membersOf(one))))];
    const listening = (name: string): readonly Listener[] =>
      members.flatMap((observer) => {
        const method = readProperty(observer, name);
        return typeof method === 'function' ? [{ observer, method: method as Listener['method'] }] : [];
      });
    const heard = observedTypes
      .map((type) => [type, listening(type)] as const)
      .filter(([, listeners]) => listeners.length > 0);
    this.#listeners = new Map(heard);
    this.#scoping = listening('scope');
    this.givesScopes = this.#scoping.length > 0;
    this.follows = this.givesScopes || heard.some(([type]) => followed.test(type));
  }

  /** Whether somebody hears events of this type. */
  hears(type: ObservedType): boolean {
    return this.#listeners.has(type);
  }

  /** Tells an event. What one observer does wrong is logged as a warning, and keeps it from no other one. */
  tell(event: ExecutionEvent, reporter: Reporter): void {
    const listeners = this.#listeners.get(event.type);
    if (listeners === undefined) return;
    for (const listener of listeners) notify(listener, event, reporter);
  }

  /** Asks for what is active while code of what has started runs. What one observer does wrong keeps no other one out. */
  scopeOf(started: ScopedStart, reporter: Reporter): ActiveScope | undefined {
    const report = (error: unknown): void => {
      reportFailed(error, started, reporter, 'scope');
    };
    const scopes = this.#scoping.flatMap(({ observer, method }): readonly ActiveScope[] => {
      try {
        const scope = method.call(observer, started as never) as ActiveScope | undefined;
        return scope === undefined ? [] : [new GuardedScope(scope, report)];
      } catch (thrown) {
        report(thrown);
        return [];
      }
    });
    return nestedScope(scopes);
  }
}

/** What an observer returns is not awaited. */
function notify({ observer, method }: Listener, event: ExecutionEvent, reporter: Reporter): void {
  try {
    const returned = method.call(observer, event as never);
    if (returned === undefined || !isThenable(returned)) return;
    toPromise(returned).catch((error: unknown) => {
      reportFailed(error, event, reporter);
    });
  } catch (error) {
    reportFailed(error, event, reporter);
  }
}

/** @param name the method that failed: nearly always named like the event. */
function reportFailed(
  error: unknown,
  { type, path }: ExecutionEvent,
  reporter: Reporter,
  name: string = type,
): void {
  reporter.report('warn', { error, event: name, path }, 'an execution observer failed');
}
