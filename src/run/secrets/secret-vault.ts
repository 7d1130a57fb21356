import { isInstanceOf } from '../../data/foreign-value.js';
import { systemClock } from '../../ports/clock.js';
import type { Redactor } from './redactor.js';
import type { SecretProvider } from './secret-provider.js';
import { Secret } from './secret.js';

/** One secret that was read. */
export interface SecretRead {
  /** The name of the secret. */
  readonly name: string;
  /** The address of the node or pipeline that read it. */
  readonly path: string;
  /** When it got the secret. */
  readonly at: Date;
}

/** A question to the provider that is under way. */
interface ProviderCall {
  readonly startedMs: number;
  readonly answer: Promise<unknown>;
}

/** What the vault has of one name. */
interface Holding {
  secret: Secret | undefined;
  call: ProviderCall | undefined;
  /** The number of the latest call, and of the latest that was answered. */
  asked: number;
  answered: number;
}

/** Up to here every read is noted; after it the first of each name and path. */
const ALL_READS = 10_000;

/** The secrets of one run, as the provider gave them, and who read them. */
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

  /** The secret of a name, if the provider gave it before. */
  held(name: string): Secret | undefined {
    return this.#holdings.get(name)?.secret;
  }

  /** The names that the provider was asked for. */
  names(): string[] {
    return [...this.#holdings.keys()];
  }

  /**
   * Asks the provider and keeps what it gives; joins a call that is under way, unless the answer is to be fresh.
   *
   * @param patienceMs a call older than this is not joined: it may never be answered.
   */
  ask(name: string, fresh: boolean, patienceMs: number): Promise<unknown> {
    const holding = this.#holdingOf(name);
    const startedMs = systemClock.now();
    const underWay = holding.call;
    if (!fresh && underWay !== undefined && startedMs - underWay.startedMs < patienceMs)
      return underWay.answer;
    const order = (holding.asked += 1);
    // A provider that throws is one that rejects.
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

  /** Lets nobody join a call any more; those that have joined still get its answer. */
  giveUp(name: string, answer: Promise<unknown>): void {
    const holding = this.#holdings.get(name);
    if (holding?.call?.answer === answer) holding.call = undefined;
  }

  /** Notes that a secret was read, and when. */
  note(name: string, path: string, at: Date): void {
    if (this.#reads.length >= ALL_READS) {
      this.#readers ??= new Set(this.#reads.map((read) => readerKey(read.name, read.path)));
      const key = readerKey(name, path);
      if (this.#readers.has(key)) return;
      this.#readers.add(key);
    }
    this.#reads.push(Object.freeze({ name, path, at }));
  }

  /** What was read so far, in order. */
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

  /** The answer of an earlier call never replaces that of a later one. */
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
