/** The start and end of a place in a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text that is searched for. */
interface Form {
  readonly text: string;
  /** Index of the anchor in the form: the window of characters by which the form is found. */
  anchor: number;
  /** True if the form contains percent escapes, whose two digits match in upper and lower case. */
  readonly hasEscapes: boolean;
}

/** Shortest window; no form is shorter. */
const SHORTEST_WINDOW = 8;

/** Possible lengths of the window, longest first. With longer windows fewer characters of a text are read. */
const WINDOWS = [24, 16, 12, SHORTEST_WINDOW];

/** Number of windows of a form from which the anchor is chosen. */
const WINDOWS_COMPARED = 32;

/** Maximum size of the table of steps. */
const MOST_STEPS = 2 ** 20;

/** Table of a search without forms, as in most runs; shared, so that nothing is allocated. */
const NO_STEPS = new Uint8Array();

/** Characters that may be compared in one search, whatever the length of the text. */
const LEAST_WORK = 1_000_000;
/** Characters that may be compared in addition, per character of the text. */
const WORK_PER_CHARACTER = 64;

/** Cost of comparing one form at one place, counted in characters, besides the characters compared. */
const WORK_PER_FORM = 8;

/** The forms with the same anchor. */
interface Anchored {
  readonly forms: Form[];
  /** Most characters of a form before the start of the anchor. */
  before: number;
  /** Most characters of a form from the start of the anchor on. */
  after: number;
}

/**
 * Searches a text for many forms at once. The time hardly grows with their number, and is bounded for hostile texts.
 *
 * Each form is found by one window of its characters, its anchor. A table gives, for every three characters, their
 * distance to the end of the nearest anchor that contains them, so that most characters of a text are skipped (Wu and
 * Manber, 1994, "A fast algorithm for multi-pattern searching"). At a possible anchor, its forms are compared. A hostile
 * text may contain many anchors without their forms. So comparing stops after a fixed amount of work: each further
 * anchor then counts as found with its longest form, and too much is redacted rather than too little.
 */
export class TextSearch {
  readonly #forms: Form[] = [];
  readonly #texts = new Set<string>();
  #anchors = new Map<number, Anchored>();
  #shortest = Infinity;
  #window = 0;
  /** Number of characters by which the window may move, indexed by the hash of its last three characters. */
  #steps = NO_STEPS;
  /** Number of forms that are in the table. */
  #entered = 0;

  /** Adds a form of at least 8 characters to search for. */
  add(text: string): void {
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#shortest = Math.min(this.#shortest, text.length);
    this.#forms.push({ text, anchor: 0, hasEscapes: /%[\da-f]{2}/i.test(text) });
  }

  /** True if a text contains one of the forms. */
  isIn(text: string): boolean {
    return this.#search(text, true).length > 0;
  }

  /** Returns all places of forms in a text, unordered; places may overlap. */
  find(text: string): readonly Span[] {
    return this.#search(text, false);
  }

  /** @param isEnough if true, the search ends at the first place. */
  #search(text: string, isEnough: boolean): readonly Span[] {
    const { length } = text;
    if (length < this.#shortest) return NONE;
    if (this.#entered < this.#forms.length) this.#enter();
    const steps = this.#steps;
    const mask = steps.length - 1;
    const found: Span[] = [];
    let work = LEAST_WORK + WORK_PER_CHARACTER * length;
    // Index of the last character of the window.
    let at = this.#window - 1;
    while (at < length) {
      const step = steps[gramHash(text, at) & mask] ?? 0;
      if (step > 0) {
        at += step;
        continue;
      }
      const first = at - this.#window + 1;
      at += 1;
      const anchored = this.#anchors.get(this.#anchorHash(text, first));
      if (anchored === undefined) continue;
      if (work > 0) work = compareAll(text, first, anchored, work, found);
      else
        found.push({
          start: Math.max(0, first - anchored.before),
          end: Math.min(length, first + anchored.after),
        });
      if (isEnough && found.length > 0) break;
    }
    return found;
  }

  /** Enters new forms into the table. Makes a new table if this one is too small, or its window longer than a form. */
  #enter(): void {
    const count = this.#forms.length;
    const window = WINDOWS.find((length) => length <= this.#shortest) ?? SHORTEST_WINDOW;
    const isTooSmall = count * window * 4 > this.#steps.length && this.#steps.length < MOST_STEPS;
    if (window !== this.#window || isTooSmall) {
      this.#window = window;
      const size = 2 ** Math.ceil(Math.log2(count * window * 8));
      this.#steps = new Uint8Array(Math.min(Math.max(size, 4096), MOST_STEPS)).fill(window - 2);
      this.#anchors = new Map();
      this.#entered = 0;
    }
    for (const form of this.#forms.slice(this.#entered)) this.#anchor(form);
    this.#entered = count;
  }

  #anchor(form: Form): void {
    const { text } = form;
    form.anchor = this.#rarestWindow(text);
    const hash = this.#anchorHash(text, form.anchor);
    const anchored = this.#anchors.get(hash) ?? { forms: [], before: 0, after: 0 };
    this.#anchors.set(hash, anchored);
    anchored.forms.push(form);
    anchored.before = Math.max(anchored.before, form.anchor);
    anchored.after = Math.max(anchored.after, text.length - form.anchor);
    const end = form.anchor + this.#window - 1;
    for (let step = 0; step < this.#window - 2; step += 1) {
      const gram = gramHash(text, end - step) & (this.#steps.length - 1);
      this.#steps[gram] = Math.min(this.#steps[gram] ?? 0, step);
    }
  }

  /** Chooses a form's anchor: the window that the fewest forms share, if possible not a repetitive one. */
  #rarestWindow(text: string): number {
    const last = text.length - this.#window;
    let best = 0;
    let least = Infinity;
    for (let index = 0; index < WINDOWS_COMPARED && least > 0; index += 1) {
      const at = Math.round((last * index) / (WINDOWS_COMPARED - 1));
      const others = this.#anchors.get(this.#anchorHash(text, at))?.forms.length ?? 0;
      const isRepetitive = new Set(text.slice(at, at + SHORTEST_WINDOW)).size < SHORTEST_WINDOW / 2;
      const price = 2 * others + (isRepetitive ? 1 : 0);
      if (price < least) [best, least] = [at, price];
    }
    return best;
  }

  /** Returns the hash of the window that begins at an index. */
  #anchorHash(text: string, at: number): number {
    let hash = 0;
    for (let index = at; index < at + this.#window; index += 1)
      hash = (Math.imul(hash, 31) + (text.charCodeAt(index) | CASE)) | 0;
    return hash;
  }
}

const NONE: readonly Span[] = [];

/** Compares the forms of an anchor with a text at one place. Adds those found, and returns the work that is left. */
function compareAll(text: string, at: number, { forms }: Anchored, work: number, found: Span[]): number {
  let left = work;
  for (const form of forms) {
    const start = at - form.anchor;
    const end = start + form.text.length;
    if (start < 0 || end > text.length) continue;
    const equal = equalCharacters(text, start, form);
    if (equal === form.text.length) found.push({ start, end });
    left -= equal + WORK_PER_FORM;
  }
  return left;
}

// Hashes ignore the bit that distinguishes upper and lower case, as the digits of escapes occur in both.
const CASE = 32;

/** Returns the hash of the three characters that end at an index. */
function gramHash(text: string, at: number): number {
  return (
    ((text.charCodeAt(at - 2) | CASE) << 10) ^
    ((text.charCodeAt(at - 1) | CASE) << 5) ^
    (text.charCodeAt(at) | CASE)
  );
}

/** Returns the number of characters of a form that match a text at a place, up to the first difference. */
function equalCharacters(text: string, start: number, { text: form, hasEscapes }: Form): number {
  // Number of digits left in the current percent escape.
  let digits = 0;
  for (let index = 0; index < form.length; index += 1) {
    const wanted = form.charCodeAt(index);
    const found = text.charCodeAt(start + index);
    if (wanted !== found && !(digits > 0 && isLetter(wanted) && (wanted | CASE) === (found | CASE)))
      return index;
    if (hasEscapes) digits = wanted === PERCENT ? 2 : digits - 1;
  }
  return form.length;
}

const PERCENT = 37;

const isLetter = (code: number): boolean => (code | CASE) >= 97 && (code | CASE) <= 122;
