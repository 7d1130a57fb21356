import type { PipelineError } from '../errors/pipeline-error.js';
import type { Logger } from '../ports/logger.js';
import { boundLogger, quietly } from './bound-logger.js';
import { CostLedger } from './cost-ledger.js';
import type { Redactor } from './redactor.js';
import type { RunContextOptions } from './run-context-options.js';
import type { RunIdentity } from './run-identity.js';
import { SecretAccess } from './secret-access.js';
import type { SessionState } from './session-state.js';
import { SessionTransaction } from './session-transaction.js';

/** Every {@link SessionSharing}, written down here only. */
export const sessionSharings = ['shared', 'snapshot', 'none'] as const;

/** What a child gets of the run's session: the same, a copy whose changes stay in the child, or nothing. */
export type SessionSharing = (typeof sessionSharings)[number];

/** What a composite withholds from its children. */
export interface RunNarrowing {
  /** The composite. */
  readonly path: string;
  /** The only secrets that the child may read; undefined for all that the parent may. */
  readonly secrets: readonly string[] | undefined;
  readonly session: SessionSharing;
}

/** What the services are opened for. */
export interface RunServicesPlace {
  readonly identity: RunIdentity;
  readonly redactor: Redactor;
  /** Gets what goes wrong when nobody waits for it any longer. */
  readonly logger: Logger;
  readonly path: string;
  /** Whether a run begins; else it is a context that runs may join. */
  readonly isRunning: boolean;
}

/** What a run shares with its children: secrets, costs and the session. */
export class RunServices {
  readonly secrets: SecretAccess;
  readonly cost: CostLedger;
  readonly session: SessionTransaction;
  readonly #sessionState: SessionState | undefined;
  readonly #ownsCost: boolean;
  readonly #ownsSession: boolean;

  private constructor(
    secrets: SecretAccess,
    cost: CostLedger,
    session: SessionTransaction,
    sessionState: SessionState | undefined,
    owns: { readonly cost: boolean; readonly session: boolean },
  ) {
    this.secrets = secrets;
    this.cost = cost;
    this.session = session;
    this.#sessionState = sessionState;
    this.#ownsCost = owns.cost;
    this.#ownsSession = owns.session;
  }

  /** The services of a run of its own. */
  static open(
    options: Pick<RunContextOptions, 'secrets' | 'cost' | 'session'>,
    { identity, redactor, logger, path, isRunning }: RunServicesPlace,
  ): RunServices {
    const run = {
      rootRunId: () => identity.get('rootRunId'),
      runId: () => identity.get('runId'),
      tenantId: identity.get('tenantId'),
    };
    const report = (error: PipelineError): void => {
      quietly(
        boundLogger(logger, identity, path, redactor),
        'error',
        { error },
        'a cost entry was not handed on',
      );
    };
    return new RunServices(
      SecretAccess.open(options.secrets, redactor),
      CostLedger.ofRun(options.cost ?? new CostLedger(), run, report),
      isRunning
        ? SessionTransaction.begin(options.session)
        : SessionTransaction.closed(options.session, 'no run is open'),
      options.session,
      { cost: isRunning, session: isRunning },
    );
  }

  /** What the framework writes goes through it. */
  get redactor(): Redactor {
    return this.secrets.redactor;
  }

  /** The services of a run that joins another one; where none is open any more, it has a session of its own to commit. */
  joined(): RunServices {
    const isOpen = this.session.isOpen;
    const state = this.#sessionState;
    const session = isOpen ? this.session : SessionTransaction.begin(state);
    return new RunServices(this.secrets, this.cost, session, state, { cost: false, session: !isOpen });
  }

  /** What a child gets. */
  narrow({ path, secrets, session }: RunNarrowing): RunServices {
    return new RunServices(
      secrets === undefined ? this.secrets : this.secrets.narrow(secrets, path),
      this.cost,
      session === 'shared'
        ? this.session
        : session === 'snapshot'
          ? this.session.snapshot()
          : SessionTransaction.none(path),
      session === 'none' ? undefined : this.#sessionState,
      { cost: false, session: false },
    );
  }

  /** The same for a context restored from a carrier: no other secrets than those. */
  restricted(names: readonly string[], path: string): RunServices {
    return this.narrow({ path, secrets: names, session: 'shared' });
  }

  /** Keeps what the run has written to its session; gives the conflict, if another run was faster. */
  commit(path: string): PipelineError | undefined {
    return this.#ownsSession ? this.session.commit(path) : undefined;
  }

  /** What must settle before all entries of the run's ledger have been handed on: the failures of that. */
  unbilled(): Promise<readonly PipelineError[]> | undefined {
    return this.#ownsCost ? this.cost.pending() : undefined;
  }

  /** The run has ended: what is not committed is dropped, what is booked from now on is late. */
  close(): void {
    if (this.#ownsSession) this.session.discard();
    if (this.#ownsCost) this.cost.close();
  }
}
