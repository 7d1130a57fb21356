import { isDeepStrictEqual } from 'node:util';
import { decodeData, encodeData, NotEncodable } from '../data/codec.js';
import { isInstanceOf } from '../data/foreign-value.js';
import type { JsonObject, JsonValue } from '../data/json-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { sessionConflict } from '../errors/run-errors.js';
import { createSession } from '../run/session/session-state.js';
import type { SessionState } from '../run/session/session-state.js';
import type { StoredSession } from './run-store.js';

/** The session of a thread as one run sees and changes it. */
export class ThreadSession {
  /** What the run works on; it commits here when it succeeds. */
  readonly state: SessionState;
  readonly #stored: StoredSession;
  readonly #before: Readonly<Record<string, unknown>>;

  /** @throws TypeError where the stored session is damaged. */
  constructor(stored: StoredSession) {
    this.#stored = stored;
    this.state = createSession(decodeSession(stored.entries));
    this.#before = this.state.toObject();
  }

  /**
   * What is to be stored after the run; undefined where it has changed nothing.
   *
   * @param now what is stored by now, where somebody else has saved meanwhile.
   * @throws {@link PipelineError} `SESSION_NOT_STORABLE`; `SESSION_CONFLICT` where others have changed the same keys.
   */
  changed(now: StoredSession = this.#stored): StoredSession | undefined {
    const after = this.state.toObject();
    const keys = Object.keys({ ...this.#before, ...after }).filter(
      (key) =>
        Object.hasOwn(after, key) !== Object.hasOwn(this.#before, key) || after[key] !== this.#before[key],
    );
    if (keys.length === 0) return undefined;
    const taken = keys.filter((key) => !isDeepStrictEqual(now.entries[key], this.#stored.entries[key]));
    if (taken.length > 0) throw sessionConflict(taken);
    const entries = new Map<string, JsonValue>(Object.entries(now.entries));
    for (const key of keys) {
      if (Object.hasOwn(after, key)) entries.set(key, encoded(key, after[key]));
      else entries.delete(key);
    }
    return { version: now.version, entries: Object.fromEntries(entries) };
  }
}

/**
 * The entries of a stored session as data.
 *
 * @throws TypeError where they are damaged.
 */
export function decodeSession(entries: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, decodeData(value)]));
}

function encoded(key: string, value: unknown): JsonValue {
  try {
    return encodeData(value);
  } catch (error) {
    const what = isInstanceOf(error, NotEncodable) ? `${error.place} is ${error.kind}` : 'cannot be read';
    throw new PipelineError('SESSION_NOT_STORABLE', {
      problem: `'${key}' of the session cannot be stored: ${what.trim()}. Nothing was kept.`,
      remedy: 'Keep data in the session: plain objects, lists, texts, numbers, dates, Maps, Sets and bytes.',
    });
  }
}
