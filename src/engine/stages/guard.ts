import { runInContext } from '../../context/ambient-context.js';
import { toPromise, whenSettled } from '../../data/foreign-value.js';
import { CircuitOpenError } from '../../errors/circuit-open-error.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { Bulkhead } from '../../resilience/bulkhead.js';
import { bulkheadFull } from '../../resilience/bulkhead-full.js';
import type { Circuit, CircuitCall, CircuitCaller, CircuitState } from '../../resilience/circuit.js';
import type { CircuitBreaker } from '../../resilience/circuit-breaker.js';
import { matchesError } from '../../resilience/error-matcher.js';
import { asNode } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import { Pending } from '../execution/pending.js';
import type { StageSite } from '../execution/stage-site.js';
import { askedAbout } from './failed-try.js';

/** What may come of asking a guard; exactly one of these is called. */
export interface GuardedTry {
  /** The call may begin, and must be ended by one method of `call`. */
  begin(call: GuardedCall): unknown;
  refused(error: PipelineError): unknown;
  /** The execution had ended before the call could begin. */
  notStarted(): unknown;
}

/** What stands before the calls of a node: its circuit breaker, its bulkhead, or both. */
export class Guard {
  constructor(
    readonly site: StageSite,
    readonly breaker: CircuitBreaker | undefined,
    readonly circuit: Circuit | undefined,
    readonly bulkhead: Bulkhead | undefined,
  ) {}

  /**
   * Makes one try as soon as the circuit lets it through and the bulkhead has a place.
   *
   * @returns what the try gives, or a {@link Pending} with it.
   */
  pass(execution: Execution, tried: GuardedTry): unknown {
    const call = new GuardedCall(this, execution);
    const entered = call.enter();
    if (entered !== 'waits') return entered === undefined ? tried.begin(call) : tried.refused(entered);
    const later = new Pending();
    const counter = execution.counts.counter(this.site.index);
    counter.queued += 1;
    later.work = call.enterLater().then((error) => {
      counter.queued -= 1;
      if (execution.isHalted) {
        call.cancelled();
        return later.settle(tried.notStarted());
      }
      return later.settle(error === undefined ? tried.begin(call) : tried.refused(error));
    });
    return later;
  }
}

/** One try of an item at a node with a guard: what the try holds of the circuit and the bulkhead. */
export class GuardedCall implements CircuitCaller {
  #call: CircuitCall | undefined;
  #hasPlace = false;
  /** Stops waiting in the line that the call stands in. */
  #stopWaiting: () => void = nothing;
  #wake: () => void = nothing;
  /** The call's own promise, where it gave one. */
  #called: Promise<unknown> | undefined;

  constructor(
    private readonly guard: Guard,
    private readonly execution: Execution,
  ) {}

  circuitChanged(from: CircuitState, to: CircuitState): void {
    const { execution, guard } = this;
    if (!execution.hears('circuitChanged')) return;
    const { id, path } = guard.site;
    const name = guard.breaker?.name;
    // The call of another run, or a timer, may have brought it about.
    runInContext(execution, () => {
      execution.notify('circuitChanged', path, name === undefined ? { from, to } : { from, to, name }, id);
    });
  }

  /** Asks circuit and bulkhead for what the call has not got yet; where it must wait it stands in a line afterwards. */
  enter(): PipelineError | 'waits' | undefined {
    const { circuit, bulkhead, breaker, site } = this.guard;
    if (circuit !== undefined && this.#call === undefined) {
      this.#call = circuit.enter(this);
      if (this.#call === undefined) {
        if (breaker?.whenOpen !== 'wait')
          return new CircuitOpenError(site.path, circuit.leftMs, breaker?.name);
        this.#stopWaiting = circuit.wait(this, (call) => {
          this.#call = call;
          this.#wake();
        });
        return 'waits';
      }
    }
    if (bulkhead !== undefined && !this.#hasPlace) {
      if (bulkhead.enter()) this.#hold();
      else {
        const stop = bulkhead.wait(() => {
          this.#hold();
          this.#wake();
        });
        if (stop === undefined) {
          this.cancelled();
          return bulkheadFull(site.path, bulkhead.numbers);
        }
        this.#stopWaiting = stop;
        return 'waits';
      }
    }
    this.execution.holdPlace(this);
    return undefined;
  }

  /** Waits in one line after the other, or until the execution ends; never rejects. */
  async enterLater(): Promise<PipelineError | undefined> {
    for (;;) {
      await this.#woken();
      if (this.execution.isHalted) return undefined;
      // While it stood in the line of the bulkhead, calls before it may have opened the circuit: it asks anew.
      if (this.#call?.isStanding === false) this.cancelled();
      const entered = this.enter();
      if (entered !== 'waits') return entered;
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      let unwatch = nothing;
      const finish = (): void => {
        this.#wake = nothing;
        unwatch();
        resolve();
      };
      this.#wake = finish;
      unwatch = this.execution.onStop(() => {
        this.#stopWaiting();
        finish();
      });
    });
  }

  /** Keeps the promise that a call gave, to know when a call that outlives its limit has ended. */
  follow(called: PromiseLike<unknown>): Promise<unknown> {
    return (this.#called = toPromise(called));
  }

  succeeded(): void {
    this.#call?.succeeded();
    this.#leave();
  }

  /** Ends a try that has failed; gives the error of a predicate that could not say whether the try counts. */
  failed(error: PipelineError): PipelineError | undefined {
    const invalid = this.#count(error);
    this.#leave();
    return invalid;
  }

  /** Ends a try at its limit: its place stays taken until the call has ended, or its execution has been closed. */
  timedOut(error: PipelineError): PipelineError | undefined {
    const invalid = this.#count(error);
    const leave = (): void => {
      this.#leave();
    };
    if (this.#called === undefined) leave();
    else void whenSettled(this.#called, leave, leave);
    return invalid;
  }

  /** Ends a try that tells nothing about what the node calls: it was cancelled, or not made. */
  cancelled(): void {
    this.#call?.withdraw();
    this.#call = undefined;
    this.#leave();
  }

  #count(error: PipelineError): PipelineError | undefined {
    const call = this.#call;
    if (call === undefined) return undefined;
    const { scope } = this.execution.frame;
    scope.budget.endBy(error.cause);
    if (scope.reason !== undefined) {
      call.withdraw();
      return undefined;
    }
    try {
      if (this.#isFailure(error)) call.failed();
      else call.succeeded();
      return undefined;
    } catch (thrown) {
      call.withdraw();
      return thrown as PipelineError;
    }
  }

  /** @throws {@link PipelineError} `POLICY_INVALID`. */
  #isFailure(error: PipelineError): boolean {
    const { breaker, site } = this.guard;
    const on = breaker?.on;
    return (
      on === undefined ||
      askedAbout({ error }, site.kind).some((asked) =>
        asNode(this.execution, site.path, matchesError, on, asked, site.path, 'circuit breaker'),
      )
    );
  }

  #hold(): void {
    this.#hasPlace = true;
  }

  #leave(): void {
    this.execution.leavePlace(this);
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.guard.bulkhead?.leave();
  }
}

function nothing(): void {
  // Stands where nobody waits.
}
