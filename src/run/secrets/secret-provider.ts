import { isInstanceOf } from '../../data/foreign-value.js';
import { canHoldOptions, invalidOption, optionProblems, rule } from '../../errors/option-rules.js';
import type { OptionRule } from '../../errors/option-rules.js';
import { Secret } from './secret.js';

/** Source of a run's secrets, such as a vault, a file or the environment. */
export interface SecretProvider {
  /** Returns the secret of a name, undefined if there is none; a run keeps a secret that it got. */
  resolve(name: string): Secret | undefined | Promise<Secret | undefined>;
}

/** Options of {@link mapSecrets}. */
export interface MapSecretsOptions {
  /** Source of names that the record lacks: `env` for the environment. Default: none. */
  readonly fallback?: 'env' | undefined;
}

/**
 * Takes secrets from environment variables, read at each request; an empty variable counts as absent.
 *
 * @example
 * {@includeCode ../../../examples/api/secret-providers.ts}
 */
export function environmentSecrets(): SecretProvider {
  return { resolve: fromEnvironment };
}

/**
 * Takes secrets from a record, which is copied; an undefined value counts as absent.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when a value is empty, or neither a text nor a {@link Secret}.
 *
 * @example
 * {@includeCode ../../../examples/api/secret-providers.ts}
 */
export function mapSecrets(
  record: Readonly<Record<string, string | Secret | undefined>>,
  options: MapSecretsOptions = {},
): SecretProvider {
  const problems = optionProblems(options, { fallback: rule.oneOf('env') });
  const secrets = new Map<string, Secret>();
  if (!canHoldOptions(record)) problems.unshift('a plain object with names and values was expected');
  else {
    const each = Object.fromEntries(namesIn(record).map((name) => [name, secretOrText]));
    const wrong = optionProblems(record, each);
    problems.push(...wrong);
    for (const name of wrong.length === 0 ? Object.keys(each) : []) {
      const value = record[name];
      if (value !== undefined) secrets.set(name, isInstanceOf(value, Secret) ? value : Secret.of(value));
    }
  }
  if (problems.length > 0) throw invalidOption('mapSecrets', problems.join('; '));
  const { fallback } = options;
  return {
    resolve: (name) => secrets.get(name) ?? (fallback === undefined ? undefined : fromEnvironment(name)),
  };
}

const secretOrText: OptionRule = (value) => {
  const expected = isInstanceOf(value, Secret) ? undefined : rule.text(value);
  return expected === undefined ? undefined : `a Secret or ${expected}`;
};

function namesIn(record: object): string[] {
  try {
    return Object.keys(record);
  } catch {
    // An object that cannot be read is reported by the option rules.
    return [];
  }
}

function fromEnvironment(name: string): Secret | undefined {
  // Only own properties: `process.env.constructor` is no variable.
  const value = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
  return value === undefined || value === '' ? undefined : Secret.of(value);
}
