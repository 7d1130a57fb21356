import { invalidOption } from '../errors/option-rules.js';
import { observedTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionObserver, ScopedStart } from '../ports/execution-observer.js';
import { observerProblem } from '../ports/observer-shape.js';
import { Answers } from './answers.js';
import { nestedScope } from './nested-scope.js';

type Listener = (event: ExecutionEvent) => unknown;

/**
 * One observer that hands every event to several others; the scopes that they give lie in one another, the first outside.
 *
 * Each of them gets the event, even if another one throws; what was thrown is thrown on afterwards, and logged
 * by the run. Members that are undefined are left out; one that is given twice hears each event once.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a member that is no observer, or has a misspelt method.
 *
 * @example
 * {@includeCode ../../examples/api/observers.ts}
 */
export function observers(...many: readonly (ExecutionObserver | undefined)[]): ExecutionObserver {
  const members = many.filter((observer) => observer !== undefined);
  const problems = members.flatMap((member, index) => {
    const expected = observerProblem(member);
    return expected === undefined ? [] : [`observer ${String(index + 1)} must be ${expected}`];
  });
  if (problems.length > 0) throw invalidOption('observers', problems.join('; '));
  return joinObservers(members);
}

/** The observers behind a joined one; of any other, that one itself. */
export function membersOf(observer: ExecutionObserver): readonly ExecutionObserver[] {
  return JoinedObserver.membersOf(observer);
}

/** The same for observers that have been judged. One that is given twice, also inside of others, hears once. */
export function joinObservers(given: readonly ExecutionObserver[]): ExecutionObserver {
  const members = [...new Set(given.flatMap(membersOf))];
  const methods: ExecutionObserver = Object.fromEntries(
    observedTypes.map((type) => [type, (event: ExecutionEvent) => tellAll(members, type, event)]),
  );
  const scope = (started: ScopedStart) =>
    nestedScope(members.flatMap((member) => member.scope?.(started) ?? []));
  return Object.assign(new JoinedObserver(members), methods, { scope });
}

/** An observer in front of several others. */
class JoinedObserver {
  readonly #members: readonly ExecutionObserver[];

  constructor(members: readonly ExecutionObserver[]) {
    this.#members = members;
  }

  static membersOf(observer: ExecutionObserver): readonly ExecutionObserver[] {
    return #members in observer ? observer.#members : [observer];
  }
}

function tell(observer: ExecutionObserver, type: keyof ExecutionObserver, event: ExecutionEvent): unknown {
  // The type of the event is the name of the method, so that the two fit.
  return (observer[type] as Listener | undefined)?.call(observer, event);
}

function tellAll(
  members: readonly ExecutionObserver[],
  type: keyof ExecutionObserver,
  event: ExecutionEvent,
): unknown {
  const answers = new Answers();
  for (const member of members) answers.of(() => tell(member, type, event));
  return answers.joined;
}
