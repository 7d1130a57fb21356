import { runInContext } from '../../context/ambient-context.js';
import { alarmAt } from '../../run/ending/alarm.js';
import { sourceIdle } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { StageSite } from '../execution/stage-site.js';

/** Fails an execution whose source gives nothing for too long while an item is waited for. */
export class IdleLimit {
  /** Since when an item is waited for. */
  #sinceMs: number | undefined;
  /** One for all items: at its time the alarm looks whether an item has been waited for long enough. */
  #stopAlarm: (() => void) | undefined;
  #hasEnded = false;

  private constructor(
    private readonly execution: Execution,
    private readonly site: StageSite,
    private readonly idleTimeoutMs: number,
  ) {}

  /** Makes the limit of one source in one execution; undefined where it has none. */
  static of(execution: Execution, site: StageSite, idleTimeoutMs: number | undefined): IdleLimit | undefined {
    return idleTimeoutMs === undefined ? undefined : new IdleLimit(execution, site, idleTimeoutMs);
  }

  /** An item is waited for from now on, unless one is already. */
  begin(): void {
    if (this.#hasEnded || this.#sinceMs !== undefined) return;
    this.#sinceMs = this.execution.scope.clock.now();
    if (this.#stopAlarm === undefined) this.#arm(this.#sinceMs);
  }

  /** No item is waited for: one has come. */
  pause(): void {
    this.#sinceMs = undefined;
  }

  /** No item will be waited for any more. */
  end(): void {
    this.#hasEnded = true;
    this.#stopAlarm?.();
  }

  #arm(sinceMs: number): void {
    const ring = (): void => {
      runInContext(this.execution, () => {
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
