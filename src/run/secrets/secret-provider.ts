import { isInstanceOf } from '../../data/foreign-value.js';
import { canHoldOptions, invalidOption, optionProblems, rule } from '../../errors/option-rules.js';
import type { OptionRule } from '../../errors/option-rules.js';
import { Secret } from './secret.js';

/** Where a run's secrets come from: a vault, a file, the environment. */
export interface SecretProvider {
  /** Gives the secret of a name, undefined where there is none; a run keeps what it got. */
  resolve(name: string): Secret | undefined | Promise<Secret | undefined>;
}

/** What else to ask for a secret; see {@link mapSecrets}. */
export interface MapSecretsOptions {
  /** Where to look for a name that the record lacks. Default: nowhere. */
  readonly fallback?: 'env' | undefined;
}

/**
 * Takes secrets from the environment, read whenever one is asked for; an empty variable counts as absent.
 *
 * @example
 * {@includeCode ../../../examples/api/secret-providers.ts}
 */
export function environmentSecrets(): SecretProvider {
  return { resolve: fromEnvironment };
}

/**
 * Takes secrets from a record, of which it keeps a copy; an undefined value counts as left out.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for values that are neither a text nor a {@link Secret}, or empty.
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
    // Told by the rules of options.
    return [];
  }
}

function fromEnvironment(name: string): Secret | undefined {
  // The environment is an object: 'constructor' is no variable.
  const value = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
  return value === undefined || value === '' ? undefined : Secret.of(value);
}
