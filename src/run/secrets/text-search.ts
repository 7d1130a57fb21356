/** Where in a text something was found. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text that is looked for. */
interface Form {
  readonly text: string;
  /** Where in the form its anchor is: the window by which it is found. */
  anchor: number;
  /** Whether it holds percent escapes, whose two digits are found in either case. */
  readonly hasEscapes: boolean;
}

/** No form is shorter. */
const SHORTEST_WINDOW = 8;

/** The lengths of windows, the longest first: the longer they are, the fewer characters of a text are looked at. */
const WINDOWS = [24, 16, 12, SHORTEST_WINDOW];

/** So many windows of a form are compared for the rarest. */
const WINDOWS_COMPARED = 32;

const MOST_STEPS = 2 ** 20;

/** The table of a search for nothing: most runs know no text. */
const NO_STEPS = new Uint8Array();

/** What comparing may cost for one text, in characters: so many, and so many times its length. */
const LEAST_WORK = 1_000_000;
const WORK_PER_CHARACTER = 64;

/** What it costs to compare a form with a text at all. */
const WORK_PER_FORM = 8;

/** The forms that have one anchor. */
interface Anchored {
  readonly forms: Form[];
  /** How far the forms reach at most, to the left and to the right of where their anchor begins. */
  before: number;
  after: number;
}

/**
 * Finds many texts in a text, in a time that hardly grows with their number, and not beyond a bound with their lengths.
 *
 * Each form is found by one window of its characters, the anchor. A table says for every three characters how far they
 * are from the end of the nearest anchor that holds them, so most characters of a text are never looked at (Wu and
 * Manber, 1994, "A fast algorithm for multi-pattern searching"). Where an anchor may stand, its forms are compared. In
 * a text that is made to fit many anchors and no form, so much is compared and no more: from there on an anchor counts
 * as its longest form, so that too much is found rather than too little.
 */
export class TextSearch {
  readonly #forms: Form[] = [];
  readonly #texts = new Set<string>();
  #anchors = new Map<number, Anchored>();
  #shortest = Infinity;
  #window = 0;
  /** How far a window moves on, by the hash of its last three characters. */
  #steps = NO_STEPS;
  /** How many of the forms are in the table. */
  #entered = 0;

  /** Looks for a text of at least 8 characters from now on. */
  add(text: string): void {
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#shortest = Math.min(this.#shortest, text.length);
    this.#forms.push({ text, anchor: 0, hasEscapes: /%[\da-f]{2}/i.test(text) });
  }

  /** Whether one of the forms is in a text. */
  isIn(text: string): boolean {
    return this.#search(text, true).length > 0;
  }

  /** All places where a form is, in no order, also where they overlap. */
  find(text: string): readonly Span[] {
    return this.#search(text, false);
  }

  /** @param isEnough whether one place is enough. */
  #search(text: string, isEnough: boolean): readonly Span[] {
    const { length } = text;
    if (length < this.#shortest) return NONE;
    if (this.#entered < this.#forms.length) this.#enter();
    const steps = this.#steps;
    const mask = steps.length - 1;
    const found: Span[] = [];
    let work = LEAST_WORK + WORK_PER_CHARACTER * length;
    // The place of the last character of the window.
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

  /** Puts the new forms into the table, or all of them into a new one where it is too small or its windows are too long. */
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

  /** Where the window begins that the fewest others are found by, and among those one of many different characters. */
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

  /** A number for the window that begins at a place. */
  #anchorHash(text: string, at: number): number {
    let hash = 0;
    for (let index = at; index < at + this.#window; index += 1)
      hash = (Math.imul(hash, 31) + (text.charCodeAt(index) | CASE)) | 0;
    return hash;
  }
}

const NONE: readonly Span[] = [];

/** Compares the forms of an anchor with a text where that anchor may begin; gives the work that is left. */
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

// Of each character the bit that tells capital letters apart is ignored, for the digits of escapes.
const CASE = 32;

/** A number for the three characters that end at a place. */
function gramHash(text: string, at: number): number {
  return (
    ((text.charCodeAt(at - 2) | CASE) << 10) ^
    ((text.charCodeAt(at - 1) | CASE) << 5) ^
    (text.charCodeAt(at) | CASE)
  );
}

/** How many characters of a form stand at a place of a text, up to the first that does not. */
function equalCharacters(text: string, start: number, { text: form, hasEscapes }: Form): number {
  // How many digits of an escape are still to come.
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
