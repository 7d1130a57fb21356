import { inspect } from 'node:util';
import { invalidOption, rule } from '../../errors/option-rules.js';

/** What stands where a secret would. */
export const PLACEHOLDER = '[secret]';

/**
 * A value that only {@link Secret.reveal} shows: printed in any other way it is `[secret]`.
 *
 * Keep the secret and reveal it where it is used: a revealed text is a text like any other.
 *
 * @example
 * {@includeCode ../../../examples/api/secret.ts}
 */
export class Secret {
  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'Secret' });
  }

  readonly #value: string;

  private constructor(value: string) {
    const expected = rule.text(value);
    if (expected !== undefined) throw invalidOption('a secret', `its value must be ${expected}`);
    this.#value = value;
  }

  /**
   * Makes a secret of a text.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when it is no text, or empty.
   */
  static of(value: string): Secret {
    return new Secret(value);
  }

  /** The value itself. */
  reveal(): string {
    return this.#value;
  }

  /** The placeholder, never the value. */
  toString(): string {
    return PLACEHOLDER;
  }

  /** The placeholder, never the value. */
  toJSON(): string {
    return PLACEHOLDER;
  }

  /** The placeholder, whatever is wanted. */
  [Symbol.toPrimitive](): string {
    return PLACEHOLDER;
  }

  /** @internal */
  [inspect.custom](): string {
    return PLACEHOLDER;
  }
}
