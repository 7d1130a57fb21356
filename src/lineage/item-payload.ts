import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { frozenCopy } from '../data/frozen-copy.js';
import { printed } from '../ports/error-record.js';
import type { LineageOptions, LineageRedactor } from '../ports/lineage-options.js';
import { keepsMessages } from './redact-keys.js';

/** Stands in a record for what could not be redacted. */
const UNREDACTABLE = '[unredactable]';

/** What a record says of the item itself. */
export interface ShownItem {
  readonly key: string | undefined;
  readonly output: unknown;
}

/** Makes what records say of the items themselves: nothing, unless `redact` or `key` are functions. */
export class ItemPayload {
  /** True if items are looked at. */
  readonly isKept: boolean;
  readonly #redact: LineageRedactor | undefined;
  readonly #keyOf: LineageOptions['key'];
  readonly #withoutSecrets: <T>(value: T) => T;
  readonly #report: (error: unknown, message: string) => void;
  readonly #reported = new Set<string>();

  /**
   * @param withoutSecrets replaces the secrets of the run in what a record says.
   * @param report writes a line of the log.
   */
  constructor(
    { redact, key }: LineageOptions,
    withoutSecrets: <T>(value: T) => T,
    report: (error: unknown, message: string) => void,
  ) {
    this.#redact = redact === true ? undefined : redact;
    this.#keyOf = key;
    this.isKept = this.#redact !== undefined || key !== undefined;
    this.#withoutSecrets = withoutSecrets;
    this.#report = report;
  }

  /** A value as records show it: a copy, so that it stays as it was. Undefined where they keep nothing of items. */
  shown(value: unknown): unknown {
    if (this.#redact === undefined) return undefined;
    return this.#asked("the 'redact' function of lineage", UNREDACTABLE, () => {
      const redacted = this.#redact?.(value);
      return isThenable(redacted) ? redacted : this.#withoutSecrets(frozenCopy(redacted, 'a lineage record'));
    });
  }

  /** The item as it ended. */
  end(item: unknown): ShownItem {
    return { key: this.#key(item), output: this.shown(item) };
  }

  /** What an error says, as far as a `redact` function lets it through; `redactKeys` knows nothing of messages. */
  message(error: unknown): string | undefined {
    if (this.#redact === undefined || !keepsMessages(this.#redact)) return undefined;
    const said = this.shown(printed(error));
    return typeof said === 'string' ? said : undefined;
  }

  #key(item: unknown): string | undefined {
    const keyOf = this.#keyOf;
    if (keyOf === undefined) return undefined;
    const what = "the 'key' function of lineage";
    const key = this.#asked(what, undefined, () => keyOf(item));
    if (typeof key === 'string' && key !== '') return this.#withoutSecrets(key);
    if (key !== undefined) this.#tell(what, new TypeError(`it gave no text, but ${printed(key)}`));
    return undefined;
  }

  /** Asks a function of the user, which must answer at once. */
  #asked(what: string, otherwise: unknown, ask: () => unknown): unknown {
    try {
      const answer = ask();
      if (!isThenable(answer)) return answer;
      ignoreRejection(answer);
      throw new TypeError('it gave a promise');
    } catch (error) {
      this.#tell(what, error);
      return otherwise;
    }
  }

  #tell(what: string, error: unknown): void {
    if (this.#reported.has(what)) return;
    this.#reported.add(what);
    this.#report(error, `${what} failed; the run goes on`);
  }
}
