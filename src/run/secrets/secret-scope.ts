import { ignoreRejection, isInstanceOf } from '../../data/foreign-value.js';
import { invalidOption, optionProblems, rule } from '../../errors/option-rules.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { SecretNotFoundError } from '../../errors/secret-not-found-error.js';
import { describeMisfit } from '../../ports/error-record.js';
import { answerWithin } from '../ending/answer-within.js';
import type { EndingScope } from '../ending/ending-scope.js';
import type { SecretRead, SecretVault } from './secret-vault.js';
import { Secret } from './secret.js';

/** How to get a secret; see {@link SecretScope.get}. */
export interface SecretGetOptions {
  /** Asks the provider again, for a secret that has changed. Default: false. */
  readonly fresh?: boolean | undefined;
  /** How long to wait for the provider. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** What a {@link SecretScope} reads from. */
export interface SecretSource {
  readonly vault: SecretVault;
  /** The path of the composite that withholds a name, if any does. */
  narrowedBy(name: string): string | undefined;
}

const getRules = { fresh: rule.boolean, timeoutMs: rule.positiveMilliseconds };

/**
 * The secrets of a run as one execution sees them.
 *
 * @example
 * {@includeCode ../../../examples/api/secret-scope.ts}
 */
export class SecretScope {
  readonly #source: SecretSource;
  readonly #path: string;
  readonly #scope: EndingScope;

  /** @hidden */
  constructor(source: SecretSource, path: string, scope: EndingScope) {
    this.#source = source;
    this.#path = path;
    this.#scope = scope;
  }

  /**
   * Gives a secret; the provider is asked once per run and name, unless it failed or had none.
   *
   * @throws {@link SecretNotFoundError} `SECRET_NOT_FOUND` when the provider has none, or a composite withholds it.
   * @throws {@link PipelineError} `SECRET_UNAVAILABLE` when the provider fails or does not answer in time.
   * @throws {@link RunCancelledError} the reason of an end that comes first.
   */
  get(name: string, options: SecretGetOptions = {}): Promise<Secret> {
    const secret = this.#get(name, options);
    ignoreRejection(secret); // one that is not awaited must not end the process
    return secret;
  }

  async #get(name: string, options: SecretGetOptions): Promise<Secret> {
    const problems = optionProblems(options, getRules);
    const expected = rule.text(name);
    if (expected !== undefined) problems.unshift(`the name must be ${expected}`);
    if (problems.length > 0) throw invalidOption('secrets.get', problems.join('; '), this.#path);
    if (this.#scope.reason !== undefined) throw this.#scope.reason;
    const narrowedBy = this.#source.narrowedBy(name);
    if (narrowedBy !== undefined) throw new SecretNotFoundError(name, this.#path, narrowedBy);
    const { vault } = this.#source;
    const { fresh = false, timeoutMs = 30_000 } = options;
    const secret = (fresh ? undefined : vault.held(name)) ?? (await this.#ask(name, fresh, timeoutMs));
    vault.note(name, this.#path, new Date(this.#scope.clock.now()));
    return secret;
  }

  /**
   * Who read which secret, in the whole run, in order.
   *
   * It lists the first 10,000 reads, and after them the first of each name and path.
   */
  audit(): readonly SecretRead[] {
    return this.#source.vault.audit();
  }

  #ask(name: string, fresh: boolean, timeoutMs: number): Promise<Secret> {
    const { vault } = this.#source;
    const answer = vault.ask(name, fresh, timeoutMs);
    const secret = answer.then(
      (given) => {
        if (isInstanceOf(given, Secret)) return given;
        if (given === undefined) throw new SecretNotFoundError(name, this.#path);
        throw this.#unavailable(
          `gave ${describeMisfit(given)} for '${name}'`,
          'Let it give Secret.of(value), or undefined.',
        );
      },
      (cause: unknown) => {
        throw this.#unavailable(`failed for '${name}'`, 'Mend it; its error is the cause.', { cause });
      },
    );
    return answerWithin(secret, this.#scope, timeoutMs, () => {
      vault.giveUp(name, answer);
      return this.#unavailable(
        `has not answered for '${name}' within ${timeoutMs} ms`,
        'Mend it, or raise timeoutMs.',
      );
    });
  }

  #unavailable(what: string, remedy: string, more: { readonly cause?: unknown } = {}): PipelineError {
    return new PipelineError('SECRET_UNAVAILABLE', {
      path: this.#path,
      problem: `The provider of secrets ${what}.`,
      remedy,
      ...more,
    });
  }
}
