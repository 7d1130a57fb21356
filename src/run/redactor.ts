import { PipelineError } from '../errors/pipeline-error.js';
import { redactedCopy } from './redacted-copy.js';
import { PLACEHOLDER } from './secret.js';

/** Shorter values are left as they are: they would be found in words that have nothing to do with them. */
const SHORTEST = 8;

/** What an error holds in the framework's own words. */
const writtenParts = ['message', 'stack', 'reason'];

/** How far causes and collected errors are followed. */
const MAX_CAUSES = 16;

/** Replaces the secret values it knows in what the framework writes; knowing none, it touches nothing. */
export class Redactor {
  readonly #above: Redactor | undefined;
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;
  /** How many values the pattern was built from. */
  #built = 0;

  /** @param above a redactor whose values count here too, also those that it gets later. */
  constructor(above?: Redactor) {
    this.#above = above;
  }

  /** Makes a value known; one of fewer than 8 characters is ignored. */
  add(value: string): void {
    if (value.length >= SHORTEST) this.#values.add(value);
  }

  /** Whether no value is known, here or above. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The text with a placeholder for every known value, be it as it is, escaped for JSON, or encoded for a URL. */
  text(text: string): string {
    return text.length < SHORTEST || this.isEmpty ? text : text.replace(this.#matcher(), PLACEHOLDER);
  }

  /**
   * The data without known values, copied only where they were; every error in it becomes an `ErrorRecord`.
   *
   * What a class hides is not seen: private fields, accessors, the bytes of a buffer.
   */
  data<T>(value: T): T {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.text(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    return redactedCopy(value, (text) => this.text(text)) as T;
  }

  /** Redacts, in place, the `PipelineError`s among an error, its causes and collected errors; never throws. */
  error(error: unknown): void {
    if (this.isEmpty) return;
    const depths = new Map([[error, 0]]);
    // A Map also hands out what is added while it is walked.
    for (const [found, depth] of depths) {
      try {
        if (!(found instanceof Error)) continue;
        if (found instanceof PipelineError) for (const part of writtenParts) this.#mend(found, part);
        if (depth === MAX_CAUSES) continue;
        const collected: unknown[] = found instanceof AggregateError ? found.errors : [];
        for (const next of [found.cause, ...collected]) if (!depths.has(next)) depths.set(next, depth + 1);
      } catch {
        // It does not let itself be read.
      }
    }
  }

  #mend(error: PipelineError, part: string): void {
    try {
      const written: unknown = Reflect.get(error, part);
      const redacted = this.data(written);
      if (redacted !== written) Reflect.set(error, part, redacted);
    } catch {
      // It does not let itself be changed.
    }
  }

  get #count(): number {
    return this.#values.size + (this.#above === undefined ? 0 : this.#above.#count);
  }

  #matcher(): RegExp {
    const count = this.#count;
    if (this.#pattern === undefined || this.#built !== count) {
      // A value may lie within another: the longer one comes first.
      const forms = [...new Set(this.#known().flatMap(formsOf))].sort((a, b) => b.length - a.length);
      this.#pattern = new RegExp(forms.map(escaped).join('|'), 'g');
      this.#built = count;
    }
    return this.#pattern;
  }

  #known(): string[] {
    return [...(this.#above === undefined ? [] : this.#above.#known()), ...this.#values];
  }
}

function formsOf(value: string): string[] {
  // Half a character cannot be encoded; URLs replace it.
  const wellFormed = value.replace(/\p{Surrogate}/gu, '\ufffd');
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(wellFormed)];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
