import { PipelineError } from '../errors/pipeline-error.js';
import { MAX_CAUSES } from '../ports/error-record.js';
import { redactedCopy } from './redacted-copy.js';
import type { KnownTexts } from './redacted-copy.js';
import { PLACEHOLDER } from './secret.js';

/** Shorter values are left as they are: they would be found in words that have nothing to do with them. */
const SHORTEST = 8;

/** So many values share a pattern: a new value builds the last pattern again, and no other. */
const CHUNK = 64;

/** What an error holds in the framework's own words. */
const writtenParts = ['message', 'stack', 'path', 'reason', 'errors', 'budget'];

/** Replaces the secret values it knows in what the framework writes; knowing none, it touches nothing. */
export class Redactor {
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
    return redactedCopy(value, this.#known) as T;
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
}

/** Where in a text something known is. */
interface Span {
  readonly start: number;
  end: number;
}

/** Some of the values, in every form in which they are looked for. */
interface Chunk {
  size: number;
  readonly forms: string[];
  /** Says whether one is there. */
  test?: RegExp | undefined;
  /** Finds all that are there, also where they overlap. */
  finder?: RegExp | undefined;
}

class KnownValues implements KnownTexts {
  readonly clean = new WeakMap<object, number>();
  readonly values = new Set<string>();
  readonly #chunks: Chunk[] = [];
  #shortest = Infinity;

  get count(): number {
    return this.values.size;
  }

  add(value: string): void {
    if (this.values.has(value)) return;
    this.values.add(value);
    this.#shortest = Math.min(this.#shortest, value.length);
    let last = this.#chunks.at(-1);
    if (last === undefined || last.size === CHUNK) this.#chunks.push((last = { size: 0, forms: [] }));
    last.size += 1;
    last.forms.push(...formsOf(value));
    last.test = last.finder = undefined;
  }

  isIn(text: string): boolean {
    // No form of a value is shorter than the value.
    if (text.length >= this.#shortest)
      for (const chunk of this.#chunks) if (isOneIn(text, chunk)) return true;
    return false;
  }

  redact(text: string): string {
    if (!this.isIn(text)) return text;
    const found = this.#chunks.flatMap((chunk) => (isOneIn(text, chunk) ? spansIn(text, chunk) : []));
    const spans: Span[] = [];
    for (const span of found.sort((a, b) => a.start - b.start)) addSpan(spans, span);
    let redacted = '';
    let written = 0;
    for (const { start, end } of spans) {
      redacted += text.slice(written, start) + PLACEHOLDER;
      written = end;
    }
    return redacted + text.slice(written);
  }
}

function isOneIn(text: string, chunk: Chunk): boolean {
  return (chunk.test ??= new RegExp(anyOf(chunk.forms))).test(text);
}

function spansIn(text: string, chunk: Chunk): Span[] {
  // The longest first: at each place it covers the others.
  chunk.finder ??= new RegExp(`(?=(${anyOf(chunk.forms.sort((a, b) => b.length - a.length))}))`, 'g');
  const spans: Span[] = [];
  for (const { index, 1: found = '' } of text.matchAll(chunk.finder))
    addSpan(spans, { start: index, end: index + found.length });
  return spans;
}

/** Adds a span that does not begin before the last, or makes the last one longer where they overlap. */
function addSpan(spans: Span[], span: Span): void {
  const last = spans.at(-1);
  if (last === undefined || span.start >= last.end) spans.push(span);
  else last.end = Math.max(last.end, span.end);
}

function formsOf(value: string): ReadonlySet<string> {
  // Half a character cannot be encoded; URLs replace it.
  const wellFormed = value.replace(/\p{Surrogate}/gu, '\ufffd');
  const inJson = escapedForJson(value);
  const inForm = new URLSearchParams([['', value]]).toString().slice(1);
  return new Set([value, inJson, escapedForJson(inJson), encodeURIComponent(wellFormed), inForm]);
}

function escapedForJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function anyOf(texts: readonly string[]): string {
  return texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
}
