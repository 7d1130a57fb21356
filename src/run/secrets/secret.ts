import { inspect } from 'node:util';
import { invalidOption, rule } from '../../errors/option-rules.js';

/** Text that is printed in place of a secret. */
export const PLACEHOLDER = '[secret]';

/**
 * Wraps a secret text, which only {@link Secret.reveal} returns. Printed or serialised, it shows `[secret]`.
 *
 * Pass the `Secret` around, and reveal it only where the text is used: a revealed text is printed like any other.
 *
 * @example
 * {@includeCode ../../../examples/api/secret.ts}
 */
export class Secret {
  static {
    // A bundler may rename a class whose code refers to itself; errors and logs show the name.
    Object.defineProperty(this, 'name', { value: 'Secret' });
  }

  readonly #value: string;

  private constructor(value: string) {
    const expected = rule.text(value);
    if (expected !== undefined) throw invalidOption('a secret', `its value must be ${expected}`);
    this.#value = value;
  }

  /**
   * Makes a secret from a text.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` when the value is no text, or empty.
   */
  static of(value: string): Secret {
    return new Secret(value);
  }

  /** Returns the secret text. */
  reveal(): string {
    return this.#value;
  }

  /** Returns the placeholder `[secret]`, never the value. */
  toString(): string {
    return PLACEHOLDER;
  }

  /** Returns the placeholder `[secret]`, never the value. */
  toJSON(): string {
    return PLACEHOLDER;
  }

  /** Returns the placeholder `[secret]`, also where a number is wanted. */
  [Symbol.toPrimitive](): string {
    return PLACEHOLDER;
  }

  /** @internal */
  [inspect.custom](): string {
    return PLACEHOLDER;
  }
}
