import { enterExecution } from '../execution/active-scopes.js';
import { alarmAt } from '../../run/ending/alarm.js';
import { sourceIdle } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { StageSite } from '../execution/stage-site.js';

/** Fails an execution when its source gives no item within `idleTimeoutMs` of being asked. */
export class IdleLimit {
  /** Time since which an item is awaited; undefined while none is. */
  #sinceMs: number | undefined;
  /** One alarm for all items: when it rings, the time of the current wait is checked. */
  #stopAlarm: (() => void) | undefined;
  #hasEnded = false;

  private constructor(
    private readonly execution: Execution,
    private readonly site: StageSite,
    private readonly idleTimeoutMs: number,
  ) {}

  /** Makes the limit of a source in one execution; undefined if `idleTimeoutMs` is undefined. */
  static of(execution: Execution, site: StageSite, idleTimeoutMs: number | undefined): IdleLimit | undefined {
    return idleTimeoutMs === undefined ? undefined : new IdleLimit(execution, site, idleTimeoutMs);
  }

  /** Starts the time: an item is awaited from now on. Does nothing if one is awaited already. */
  begin(): void {
    if (this.#hasEnded || this.#sinceMs !== undefined) return;
    this.#sinceMs = this.execution.scope.clock.now();
    if (this.#stopAlarm === undefined) this.#arm(this.#sinceMs);
  }

  /** Stops the time: an item has come. */
  pause(): void {
    this.#sinceMs = undefined;
  }

  /** Ends the limit: no further item will be awaited. */
  end(): void {
    this.#hasEnded = true;
    this.#stopAlarm?.();
  }

  #arm(sinceMs: number): void {
    const ring = (): void => {
      enterExecution(this.execution, () => {
        this.#look();
      });
    };
    this.#stopAlarm = alarmAt(this.execution.scope.clock, sinceMs + this.idleTimeoutMs, ring);
  }

  #look(): void {
    const { execution, site, idleTimeoutMs } = this;
    this.#stopAlarm = undefined;
    if (this.#hasEnded || this.#sinceMs === undefined) return;
    if (execution.scope.clock.now() < this.#sinceMs + idleTimeoutMs) this.#arm(this.#sinceMs);
    else execution.fail(sourceIdle(site.path, idleTimeoutMs), site);
  }
}
