import { executionEventTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionEvents, ExecutionObserver } from '../ports/execution-observer.js';

/** Any event of an execution. */
export type AnyExecutionEvent = ExecutionEvents[keyof ExecutionEvents];

/**
 * An observer that keeps every event, in order. It hears no readings (`nodeMeasured`, `progress`), which differ from run to
 * run.
 *
 * @example
 * {@includeCode ../../examples/api/recording-observer.ts}
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the methods are made in the constructor
export class RecordingObserver {
  /** In the order in which they happened, of every run that it observes. */
  readonly events: AnyExecutionEvent[] = [];

  constructor() {
    for (const type of executionEventTypes) {
      Object.defineProperty(this, type, {
        value: (event: ExecutionEvent) => {
          this.events.push(event as AnyExecutionEvent);
        },
      });
    }
  }

  /** The events of one type. */
  of<TType extends keyof ExecutionEvents>(type: TType): ExecutionEvents[TType][] {
    return this.events.filter((event): event is ExecutionEvents[TType] => event.type === type);
  }
}

// The methods are made from the list of events, so that a new one cannot be forgotten.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type -- see above
export interface RecordingObserver extends ExecutionObserver {}
