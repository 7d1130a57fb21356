import { isInstanceOf } from '../../data/foreign-value.js';
import { systemClock } from '../../ports/clock.js';
import type { Redactor } from './redactor.js';
import type { SecretProvider } from './secret-provider.js';
import { Secret } from './secret.js';

/** One read of a secret. */
export interface SecretRead {
  /** The name of the secret. */
  readonly name: string;
  /** The path of the node or pipeline that read the secret. */
  readonly path: string;
  /** The time of the read. */
  readonly at: Date;
}

/** A pending call of the provider. */
interface ProviderCall {
  readonly startedMs: number;
  readonly answer: Promise<unknown>;
}

/** The state of one name: its secret, and its calls of the provider. */
interface Holding {
  secret: Secret | undefined;
  call: ProviderCall | undefined;
  /** Number of the latest call. */
  asked: number;
  /** Number of the latest call that was answered. */
  answered: number;
}

/** Number of reads up to which every read is recorded; after it, only the first of each name and path. */
const ALL_READS = 10_000;

/** The secrets that one run got from its provider, and the list of reads. */
export class SecretVault {
  readonly redactor: Redactor;
  readonly #provider: SecretProvider;
  readonly #holdings = new Map<string, Holding>();
  readonly #reads: SecretRead[] = [];
  #readers: Set<string> | undefined;

  constructor(provider: SecretProvider, redactor: Redactor) {
    this.#provider = provider;
    this.redactor = redactor;
  }

  /** Returns a secret that the provider has returned before; undefined otherwise. */
  held(name: string): Secret | undefined {
    return this.#holdings.get(name)?.secret;
  }

  /** Returns the names requested from the provider so far. */
  names(): string[] {
    return [...this.#holdings.keys()];
  }

  /**
   * Asks the provider and keeps the secret. Uses the answer of a pending call for the same name, unless `fresh` is true.
   *
   * @param patienceMs a pending call that is older is not used: it may never be answered.
   */
  ask(name: string, fresh: boolean, patienceMs: number): Promise<unknown> {
    const holding = this.#holdingOf(name);
    const startedMs = systemClock.now();
    const underWay = holding.call;
    if (!fresh && underWay !== undefined && startedMs - underWay.startedMs < patienceMs)
      return underWay.answer;
    const order = (holding.asked += 1);
    // The async function turns an error thrown by the provider into a rejection.
    const answer = (async (): Promise<unknown> => this.#provider.resolve(name))().then((given) => {
      this.#keep(holding, order, given);
      return given;
    });
    holding.call = { startedMs, answer };
    const settle = (): void => {
      this.giveUp(name, answer);
    };
    answer.then(settle, settle);
    return answer;
  }

  /** Stops using a pending call for further requests; requests that use it already still get its answer. */
  giveUp(name: string, answer: Promise<unknown>): void {
    const holding = this.#holdings.get(name);
    if (holding?.call?.answer === answer) holding.call = undefined;
  }

  /** Records a read of a secret. */
  note(name: string, path: string, at: Date): void {
    if (this.#reads.length >= ALL_READS) {
      this.#readers ??= new Set(this.#reads.map((read) => readerKey(read.name, read.path)));
      const key = readerKey(name, path);
      if (this.#readers.has(key)) return;
      this.#readers.add(key);
    }
    this.#reads.push(Object.freeze({ name, path, at }));
  }

  /** Returns the recorded reads, in order. */
  audit(): readonly SecretRead[] {
    return [...this.#reads];
  }

  #holdingOf(name: string): Holding {
    let holding = this.#holdings.get(name);
    if (holding === undefined) {
      holding = { secret: undefined, call: undefined, asked: 0, answered: 0 };
      this.#holdings.set(name, holding);
    }
    return holding;
  }

  /** Keeps an answer, and makes it known to the redactor; ignored if a later call was answered before. */
  #keep(holding: Holding, order: number, given: unknown): void {
    const secret = isInstanceOf(given, Secret) ? given : undefined;
    if (secret !== undefined) this.redactor.add(secret.reveal());
    else if (given !== undefined) return;
    if (order < holding.answered) return;
    holding.answered = order;
    holding.secret = secret;
  }
}

function readerKey(name: string, path: string): string {
  return JSON.stringify([name, path]);
}
