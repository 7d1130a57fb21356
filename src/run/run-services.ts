import type { PipelineError } from '../errors/pipeline-error.js';
import type { Logger } from '../ports/logger.js';
import { boundLogger, quietly } from './bound-logger.js';
import { closeLedger, CostLedger, ledgerOfRun, pendingEntries } from './spending/cost-ledger.js';
import type { Redactor } from './secrets/redactor.js';
import type { RunContextOptions } from './run-context-options.js';
import type { RunIdentity } from './run-identity.js';
import { SecretAccess } from './secrets/secret-access.js';
import { SessionTransaction } from './session/session-transaction.js';

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
  /** The secrets of the run that this one acts for, as narrowed there; only where no provider is given. */
  readonly secrets?: SecretAccess | undefined;
  /** Whether a run begins; else it is a context that runs may join. */
  readonly isRunning: boolean;
}

/** What every run opens anew. */
type OwnParts = Pick<RunServices, 'cost' | 'session'>;

/** How runs of one origin open what is theirs, and tell what nobody waits for any longer. */
interface Opening {
  readonly begin: () => OwnParts;
  readonly report: (error: PipelineError) => void;
}

/** Who ends the parts: nobody where no run is open, this run, or the run around. */
type Owner = 'nobody' | 'this run' | 'the run around';

/** What a run shares with its children: secrets, costs and the session. */
export class RunServices {
  readonly secrets: SecretAccess;
  readonly #opening: Opening;
  /** Made when first asked for: a template whose runs have their own never needs them. */
  #parts: OwnParts | (() => OwnParts);
  readonly #owner: Owner;
  /** Whether a composite withholds the session of the run: then none begins here either. */
  readonly #withholdsSession: boolean;

  private constructor(
    secrets: SecretAccess,
    opening: Opening,
    parts: OwnParts | (() => OwnParts),
    owner: Owner,
    withholdsSession = false,
  ) {
    this.secrets = secrets;
    this.#opening = opening;
    this.#parts = parts;
    this.#owner = owner;
    this.#withholdsSession = withholdsSession;
  }

  /** The services of a run of its own. */
  static open(
    options: Pick<RunContextOptions, 'secrets' | 'cost' | 'session'>,
    { identity, redactor, logger, path, secrets: handedOn, isRunning }: RunServicesPlace,
  ): RunServices {
    const secrets =
      handedOn === undefined || options.secrets !== undefined
        ? SecretAccess.open(options.secrets, redactor)
        : handedOn;
    const report = (error: PipelineError): void => {
      const bound = boundLogger(logger, identity, path, secrets.redactor);
      quietly(bound, 'error', { error }, 'a cost entry was not handed on');
    };
    let ledger = options.cost;
    const openCost = (): CostLedger => {
      const ids = { runId: () => identity.get('runId'), tenantId: identity.get('tenantId') };
      return ledgerOfRun((ledger ??= new CostLedger()), ids, report);
    };
    const begin = (): OwnParts => ({
      cost: openCost(),
      session: SessionTransaction.begin(options.session),
    });
    const idle = (): OwnParts => ({
      cost: openCost(),
      session: SessionTransaction.closed(options.session, 'no run is open'),
    });
    const opening: Opening = { begin, report };
    return isRunning
      ? new RunServices(secrets, opening, begin(), 'this run')
      : new RunServices(secrets, opening, idle, 'nobody');
  }

  /** Whether they are a run's: one that is open, or was. */
  get isRunning(): boolean {
    return this.#owner !== 'nobody';
  }

  /** What the run has cost so far. */
  get cost(): CostLedger {
    return this.#own.cost;
  }

  /** The run's transaction on its session. */
  get session(): SessionTransaction {
    return this.#own.session;
  }

  /** What the framework writes goes through it. */
  get redactor(): Redactor {
    return this.secrets.redactor;
  }

  /**
   * The services of a run that joins another one, or, where none is open, begins here.
   *
   * Where the other one has ended only a session begins: what is spent is late in the ledger of the run that has ended.
   */
  joined(): RunServices {
    if (this.session.isOpen || this.#withholdsSession)
      return new RunServices(
        this.secrets,
        this.#opening,
        this.#own,
        'the run around',
        this.#withholdsSession,
      );
    const { cost, session } = this.#opening.begin();
    const own = { cost: this.isRunning ? this.cost : cost, session };
    return new RunServices(this.secrets, this.#opening, own, 'this run');
  }

  /** What a child gets. */
  narrow({ path, secrets, session }: RunNarrowing): RunServices {
    return new RunServices(
      secrets === undefined ? this.secrets : this.secrets.narrow(secrets, path),
      this.#opening,
      { cost: this.cost, session: this.#narrowedSession(session, path) },
      this.#owner === 'nobody' ? 'nobody' : 'the run around',
      session !== 'shared' || this.#withholdsSession,
    );
  }

  #narrowedSession(sharing: SessionSharing, path: string): SessionTransaction {
    if (sharing === 'none') return SessionTransaction.none(path);
    return sharing === 'snapshot' ? this.session.snapshot() : this.session;
  }

  /** Keeps what the run has written to its session; gives the conflict, if another run was faster. */
  commit(path: string): PipelineError | undefined {
    return this.#owner === 'this run' ? this.session.commit(path) : undefined;
  }

  /** What must settle before all entries of the run's ledger have been handed on: the failures of that. */
  unbilled(): Promise<readonly PipelineError[]> | undefined {
    return this.#owner === 'this run' ? pendingEntries(this.cost) : undefined;
  }

  /** Waits for the same where it changes no end any more, and reports what fails; the run around waits for its own. */
  reportUnbilled(): Promise<void> | undefined {
    if (this.#owner === 'the run around') return undefined;
    return pendingEntries(this.cost)?.then((failures) => {
      failures.forEach(this.#opening.report);
    });
  }

  /** The run has ended: what is not committed is dropped, what is booked from now on is late. */
  close(): void {
    if (this.#owner !== 'this run') return;
    this.session.discard();
    closeLedger(this.cost);
  }

  get #own(): OwnParts {
    if (typeof this.#parts === 'function') this.#parts = this.#parts();
    return this.#parts;
  }
}
