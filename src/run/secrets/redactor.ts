import { isError, isInstanceOf, readProperty } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { MAX_CAUSES } from '../../ports/error-record.js';
import { collectedErrors, redactedCopy, UNREADABLE } from './redacted-copy.js';
import type { KnownTexts } from './redacted-copy.js';
import { PLACEHOLDER } from './secret.js';
import { TextSearch } from './text-search.js';
import type { Span } from './text-search.js';

/** Minimum length of a value to be redacted: shorter ones would also match parts of ordinary words. */
const SHORTEST = 8;

/** Properties of a `PipelineError` that the framework writes, and may therefore change. */
const writtenParts = ['message', 'stack', 'path', 'reason', 'errors', 'budget'];

/** Replaces known secret values in logs, events, dead letters and errors. Does nothing while no value is known. */
export class Redactor {
  /** True once a warning about this run's failing logger was emitted: it is emitted only once. */
  hasToldOfLogger = false;
  #known: KnownValues;

  /** @param above a redactor to share all values with: data of one run may contain secrets read by the other. */
  constructor(above?: Redactor) {
    this.#known = above === undefined ? new KnownValues() : above.#known;
  }

  /** Shares all values with another redactor from now on. Data of one run may contain secrets read by the other. */
  join(other: Redactor): void {
    if (this.#known === other.#known) return;
    for (const value of this.#known.values) other.#known.add(value);
    this.#known = other.#known;
  }

  /** Adds a secret value, for all redactors that share values. A value of fewer than 8 characters is ignored. */
  add(value: string): void {
    if (value.length >= SHORTEST && value !== PLACEHOLDER) this.#known.add(value);
  }

  /** True if no value is known. */
  get isEmpty(): boolean {
    return this.#known.count === 0;
  }

  /** Replaces known values in a text, also where they are escaped for JSON or encoded for a URL. */
  text(text: string): string {
    return this.#known.redact(text);
  }

  /**
   * Replaces known values in data, copying only objects that contain one. An error that does becomes a plain record.
   *
   * Private fields, accessors and the bytes of buffers are not searched.
   */
  data<T>(value: T): T {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.text(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    try {
      return redactedCopy(value, this.#known) as T;
    } catch {
      // A proxy that could be read at first, but not while it was copied.
      return UNREADABLE as T;
    }
  }

  /**
   * Replaces known values, in place, in an error, its causes and collected errors.
   *
   * Only `PipelineError`s are changed.
   */
  error(error: unknown): void {
    if (this.isEmpty) return;
    const depths = new Map([[error, 0]]);
    // The loop also visits errors that are added to the Map while it runs.
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
      // The error is frozen, or a proxy that refuses the change.
    }
  }
}

/** The known values, with a search for all their encoded forms. */
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

/** Sorts found places, and joins those that overlap. */
function joined(spans: readonly Span[]): readonly Span[] {
  const apart: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = apart.at(-1);
    if (last === undefined || start >= last.end) apart.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return apart;
}

/** Returns the forms of a value: unchanged, escaped for JSON once and twice, and in four URL encodings. */
function formsOf(value: string): ReadonlySet<string> {
  // `encodeURIComponent` throws for a lone surrogate; URLs contain U+FFFD in its place.
  const wellFormed = value.replace(/\p{Surrogate}/gu, '\ufffd');
  const inJson = escapedForJson(value);
  const inUrl = encodeURIComponent(wellFormed);
  // RFC 3986 also reserves these five characters, which some libraries escape.
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
