import type { PipelineError } from '../errors/pipeline-error.js';
import type { Logger } from '../ports/logger.js';
import { boundLogger, quietly } from './bound-logger.js';
import { closeLedger, CostLedger, ledgerOfRun, pendingEntries } from './spending/cost-ledger.js';
import type { Redactor } from './secrets/redactor.js';
import type { RunContextOptions } from './run-context-options.js';
import type { RunIdentity } from './run-identity.js';
import { SecretAccess } from './secrets/secret-access.js';
import { SessionTransaction } from './session/session-transaction.js';

/** All values of {@link SessionSharing}. */
export const sessionSharings = ['shared', 'snapshot', 'none'] as const;

/**
 * How a child gets the session: `shared`, as a `snapshot` that keeps changes to the child, or `none`.
 *
 * @useDeclaredType
 */
export type SessionSharing = (typeof sessionSharings)[number];

/** Limits that a composite sets to its children's secrets and session. */
export interface RunNarrowing {
  /** The path of the composite. */
  readonly path: string;
  /** Names of the only secrets that the child may read; undefined for all that the parent may read. */
  readonly secrets: readonly string[] | undefined;
  readonly session: SessionSharing;
}

/** The run for which services are opened. */
export interface RunServicesPlace {
  readonly identity: RunIdentity;
  readonly redactor: Redactor;
  /** Logger for failures after the end of the run. */
  readonly logger: Logger;
  readonly path: string;
  /** Secrets of the run for which this one acts, limited as there; used if no provider is given. */
  readonly secrets?: SecretAccess | undefined;
  /** True if a run begins; false for a context, such as a template, that runs may join later. */
  readonly isRunning: boolean;
}

/** Services that each run opens anew. */
type OwnParts = Pick<RunServices, 'cost' | 'session'>;

/** Functions that open a run's own services, and report failures after its end. */
interface Opening {
  readonly begin: () => OwnParts;
  readonly report: (error: PipelineError) => void;
}

/** The owner of cost ledger and session, which closes them at its end; `nobody` if no run is open. */
type Owner = 'nobody' | 'this run' | 'the run around';

/** The services that a run shares with its children: secrets, cost ledger and session. */
export class RunServices {
  readonly secrets: SecretAccess;
  readonly #opening: Opening;
  /** Cost ledger and session, or the function that makes them at the first use. A template may never need them. */
  #parts: OwnParts | (() => OwnParts);
  readonly #owner: Owner;
  /** True if a composite has withheld the run's session: a run that joins here must not begin a new one. */
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

  /** Opens the services of a new run, or of a context without a run. */
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

  /** True if the services belong to a run, open or ended. */
  get isRunning(): boolean {
    return this.#owner !== 'nobody';
  }

  /** The run's cost ledger. */
  get cost(): CostLedger {
    return this.#own.cost;
  }

  /** The run's transaction on its session. */
  get session(): SessionTransaction {
    return this.#own.session;
  }

  /** The redactor through which all logs, events, dead letters and errors of the run go. */
  get redactor(): Redactor {
    return this.secrets.redactor;
  }

  /**
   * Returns the services for a run that joins this one; if no run is open, a new run begins.
   *
   * If this run has ended, the joining run begins a session of its own, but its costs are late entries of the ended run.
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

  /** Returns the services for a composite's children. */
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

  /** Commits the run's writes to its session. Returns the error if another run has committed one of the same keys. */
  commit(path: string): PipelineError | undefined {
    return this.#owner === 'this run' ? this.session.commit(path) : undefined;
  }

  /** Waits for pending calls of `onEntry`, and returns their failures; undefined if none is pending. */
  unbilled(): Promise<readonly PipelineError[]> | undefined {
    return this.#owner === 'this run' ? pendingEntries(this.cost) : undefined;
  }

  /** Waits for pending calls of `onEntry` after the run's end, and logs their failures. Left to the run around. */
  reportUnbilled(): Promise<void> | undefined {
    if (this.#owner === 'the run around') return undefined;
    return pendingEntries(this.cost)?.then((failures) => {
      failures.forEach(this.#opening.report);
    });
  }

  /** Ends the run's session without a commit, and makes costs recorded from now on late. Only the owner does so. */
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
