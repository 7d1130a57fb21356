import { isError, isInstanceOf, readProperty } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { MAX_CAUSES } from '../../ports/error-record.js';
import { collectedErrors, redactedCopy, UNREADABLE } from './redacted-copy.js';
import type { KnownTexts } from './redacted-copy.js';
import { PLACEHOLDER } from './secret.js';
import { TextSearch } from './text-search.js';
import type { Span } from './text-search.js';

/** Shorter values are left as they are: they would be found in words that have nothing to do with them. */
const SHORTEST = 8;

/** What an error holds in the framework's own words. */
const writtenParts = ['message', 'stack', 'path', 'reason', 'errors', 'budget'];

/** Replaces the secret values it knows in what the framework writes; knowing none, it touches nothing. */
export class Redactor {
  /** Whether a warning has told that the logger of this run fails: it does so once. */
  hasToldOfLogger = false;
  #known: KnownValues;

  /** @param above a redactor to share all values with: what the one writes may hold what the other has read. */
  constructor(above?: Redactor) {
    this.#known = above === undefined ? new KnownValues() : above.#known;
  }

  /** Shares all values with another one from now on: what the one writes may hold what the other has read. */
  join(other: Redactor): void {
    if (this.#known === other.#known) return;
    for (const value of this.#known.values) other.#known.add(value);
    this.#known = other.#known;
  }

  /** Makes a value known, above too; one of fewer than 8 characters is ignored. */
  add(value: string): void {
    if (value.length >= SHORTEST && value !== PLACEHOLDER) this.#known.add(value);
  }

  /** Whether no value is known, here or above. */
  get isEmpty(): boolean {
    return this.#known.count === 0;
  }

  /** The text with a placeholder for every known value, be it as it is, escaped for JSON, or encoded for a URL. */
  text(text: string): string {
    return this.#known.redact(text);
  }

  /**
   * The data without known values, copied only where they were; an error that holds one becomes a record.
   *
   * What a class hides is not seen: private fields, accessors, the bytes of a buffer.
   */
  data<T>(value: T): T {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.text(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    try {
      return redactedCopy(value, this.#known) as T;
    } catch {
      // A proxy that answers now and not then.
      return UNREADABLE as T;
    }
  }

  /** Redacts, in place, the `PipelineError`s among an error, its causes and collected errors; never throws. */
  error(error: unknown): void {
    if (this.isEmpty) return;
    const depths = new Map([[error, 0]]);
    // A Map also hands out what is added while it is walked.
    for (const [found, depth] of depths) {
      if (!isError(found)) continue;
      if (isInstanceOf(found, PipelineError)) for (const part of writtenParts) this.#mend(found, part);
      if (depth === MAX_CAUSES) continue;
      for (const next of [readProperty(found, 'cause'), ...collectedErrors(found)])
        if (!depths.has(next)) depths.set(next, depth + 1);
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
}

/** The values, and every form in which they are looked for. */
class KnownValues implements KnownTexts {
  readonly clean = new WeakMap<object, number>();
  readonly values = new Set<string>();
  readonly #search = new TextSearch();
  #shortest = Infinity;

  get count(): number {
    return this.values.size;
  }

  add(value: string): void {
    if (this.values.has(value)) return;
    this.values.add(value);
    this.#shortest = Math.min(this.#shortest, value.length);
    for (const form of formsOf(value)) this.#search.add(form);
  }

  isIn(text: string): boolean {
    // No form of a value is shorter than the value.
    return text.length >= this.#shortest && this.#search.isIn(text);
  }

  redact(text: string): string {
    if (!this.isIn(text)) return text;
    let redacted = '';
    let written = 0;
    for (const { start, end } of joined(this.#search.find(text))) {
      redacted += text.slice(written, start) + PLACEHOLDER;
      written = end;
    }
    return redacted + text.slice(written);
  }
}

/** The places in order, and as one where they overlap. */
function joined(spans: readonly Span[]): readonly Span[] {
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (last === undefined || start >= last.end) apart.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return apart;
}

/** A value as it is, escaped for JSON, escaped twice, and in the ways in which it is encoded for a URL. */
function formsOf(value: string): ReadonlySet<string> {
  // Half a character cannot be encoded; URLs replace it.
  const wellFormed = value.replace(/\p{Surrogate}/gu, '\ufffd');
  const inJson = escapedForJson(value);
  const inUrl = encodeURIComponent(wellFormed);
  // RFC 3986 reserves these five too, and some libraries escape them.
  const inStrictUrl = inUrl.replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const inForm = new URLSearchParams([['', value]]).toString().slice(1);
  return new Set([value, inJson, escapedForJson(inJson), encodeURI(wellFormed), inUrl, inStrictUrl, inForm]);
}

function escapedForJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
