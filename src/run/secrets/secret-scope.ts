import { ignoreRejection, isInstanceOf } from '../../data/foreign-value.js';
import { invalidOption, optionProblems, rule } from '../../errors/option-rules.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { SecretNotFoundError } from '../../errors/secret-not-found-error.js';
import { describeMisfit } from '../../ports/error-record.js';
import { answerWithin } from '../ending/answer-within.js';
import type { EndingScope } from '../ending/ending-scope.js';
import type { SecretRead, SecretVault } from './secret-vault.js';
import { Secret } from './secret.js';

/** Options of {@link SecretScope.get}. */
export interface SecretGetOptions {
  /** If true, the provider is asked again, as the secret may have changed. Default: false. */
  readonly fresh?: boolean | undefined;
  /** Milliseconds to wait for the provider. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** The secrets behind a {@link SecretScope}. */
export interface SecretSource {
  readonly vault: SecretVault;
  /** Returns the path of the composite that withholds a name; undefined if none does. */
  narrowedBy(name: string): string | undefined;
}

const getRules = { fresh: rule.boolean, timeoutMs: rule.positiveMilliseconds };

/**
 * Reads the secrets of a run, within the limits of one execution.
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
   * Gets a secret; the provider is asked once per run and name, unless it has failed or had none before.
   *
   * @throws {@link SecretNotFoundError} `SECRET_NOT_FOUND` when the provider has none, or a composite withholds it.
   * @throws {@link PipelineError} `SECRET_UNAVAILABLE` when the provider fails or does not answer in time.
   * @throws {@link RunCancelledError} when the run, or the scope of this execution, ends before the answer.
   */
  get(name: string, options: SecretGetOptions = {}): Promise<Secret> {
    const secret = this.#get(name, options);
    ignoreRejection(secret); // a rejection that nobody awaits must not end the process
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
   * Lists the reads of secrets in the whole run, in order, with name, path and time.
   *
   * After 10,000 reads, only the first read of each name and path is added.
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
