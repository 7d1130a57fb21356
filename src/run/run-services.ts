import type { PipelineError } from '../errors/pipeline-error.js';
import type { Logger } from '../ports/logger.js';
import { boundLogger, quietly } from './bound-logger.js';
import { CostLedger } from './cost-ledger.js';
import type { Redactor } from './redactor.js';
import type { RunContextOptions } from './run-context-options.js';
import type { RunIdentity } from './run-identity.js';
import { SecretAccess } from './secret-access.js';
import { SessionTransaction } from './session-transaction.js';

/** Every {@link SessionSharing}, written down here only. */
export const sessionSharings = ['shared', 'snapshot', 'none'] as const;

/**
 * What a child gets of the run's session: the same, a copy whose changes stay in the child, or nothing.
 *
 * @useDeclaredType
 */
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

/** What every run opens anew. */
type OwnParts = Pick<RunServices, 'cost' | 'session'>;

/** What a run shares with its children: secrets, costs and the session. */
export class RunServices {
  readonly secrets: SecretAccess;
  readonly cost: CostLedger;
  readonly session: SessionTransaction;
  /** Opens what a run needs that joins when none is open; undefined where a composite withholds the session. */
  readonly #begin: (() => OwnParts) | undefined;
  /** Whether they end with this run. */
  readonly #isOwner: boolean;

  private constructor(
    secrets: SecretAccess,
    { cost, session }: OwnParts,
    begin: (() => OwnParts) | undefined,
    isOwner = false,
  ) {
    this.secrets = secrets;
    this.cost = cost;
    this.session = session;
    this.#begin = begin;
    this.#isOwner = isOwner;
  }

  /** The services of a run of its own. */
  static open(
    options: Pick<RunContextOptions, 'secrets' | 'cost' | 'session'>,
    { identity, redactor, logger, path, isRunning }: RunServicesPlace,
  ): RunServices {
    const ids = {
      runId: () => identity.get('runId'),
      tenantId: identity.get('tenantId'),
    };
    const report = (error: PipelineError): void => {
      const bound = boundLogger(logger, identity, path, redactor);
      quietly(bound, 'error', { error }, 'a cost entry was not handed on');
    };
    const ledger = options.cost ?? new CostLedger();
    const begin = (): OwnParts => ({
      cost: CostLedger.ofRun(ledger, ids, report),
      session: SessionTransaction.begin(options.session),
    });
    const idle = (): OwnParts => ({
      cost: CostLedger.ofRun(ledger, ids, report),
      session: SessionTransaction.closed(options.session, 'no run is open'),
    });
    const secrets = SecretAccess.open(options.secrets, redactor);
    return new RunServices(secrets, isRunning ? begin() : idle(), begin, isRunning);
  }

  /** What the framework writes goes through it. */
  get redactor(): Redactor {
    return this.secrets.redactor;
  }

  /** The services of a run that joins another one, or, where none is open, begins here. */
  joined(): RunServices {
    return this.session.isOpen || this.#begin === undefined
      ? new RunServices(this.secrets, this, this.#begin)
      : new RunServices(this.secrets, this.#begin(), this.#begin, true);
  }

  /** What a child gets. */
  narrow({ path, secrets, session }: RunNarrowing): RunServices {
    return new RunServices(
      secrets === undefined ? this.secrets : this.secrets.narrow(secrets, path),
      { cost: this.cost, session: this.#narrowedSession(session, path) },
      session === 'shared' ? this.#begin : undefined,
    );
  }

  #narrowedSession(sharing: SessionSharing, path: string): SessionTransaction {
    if (sharing === 'none') return SessionTransaction.none(path);
    return sharing === 'snapshot' ? this.session.snapshot() : this.session;
  }

  /** Keeps what the run has written to its session; gives the conflict, if another run was faster. */
  commit(path: string): PipelineError | undefined {
    return this.#isOwner ? this.session.commit(path) : undefined;
  }

  /** What must settle before all entries of the run's ledger have been handed on: the failures of that. */
  unbilled(): Promise<readonly PipelineError[]> | undefined {
    return this.#isOwner ? this.cost.pending() : undefined;
  }

  /** The run has ended: what is not committed is dropped, what is booked from now on is late. */
  close(): void {
    if (!this.#isOwner) return;
    this.session.discard();
    this.cost.close();
  }
}
