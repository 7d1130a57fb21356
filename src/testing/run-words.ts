/** A text that belongs to one of several runs. */
export interface RunWord {
  readonly text: string;
  readonly run: number;
  /** What it is there, such as `tenantId` or `parameters.customer`. */
  readonly origin: string;
}

/** Shorter texts are found in words that have nothing to do with them. */
const SHORTEST = 4;

/** The texts that tell runs apart: markers made here, and what only one run was given. */
export class RunWords {
  readonly #tag = `iso-${crypto.randomUUID().slice(0, 6)}`;
  readonly #marker = new RegExp(`${this.#tag}-(\\d+)-((?:[\\w.]*\\w)?)`, 'g');
  /** Undefined for a text of several runs: it is nobody's. */
  readonly #words = new Map<string, RunWord | undefined>();
  /** The same texts by what they start with. */
  readonly #byStart = new Map<string, string[]>();

  /** A text of one run that occurs nowhere else; without what is no letter, digit or dot of the origin. */
  marker(run: number, origin: string): string {
    return `${this.#tag}-${run}-${origin.replace(/[^\w.]/g, '_')}`;
  }

  /** The run of a marker, undefined for what is none. */
  runOf(marker: string): number | undefined {
    const [found] = marker.matchAll(this.#marker);
    return found === undefined ? undefined : Number(found[1]);
  }

  /** Notes a text that a run was given; one that another run was given too is nobody's. */
  add(text: string, run: number, origin: string): void {
    if (text.length < SHORTEST || text.includes(this.#tag)) return;
    if (!this.#words.has(text)) {
      this.#words.set(text, { text, run, origin });
      const start = text.slice(0, SHORTEST);
      const known = this.#byStart.get(start);
      if (known === undefined) this.#byStart.set(start, [text]);
      else known.push(text);
    } else if (this.#words.get(text)?.run !== run) {
      this.#words.set(text, undefined);
    }
  }

  /** Gives up the texts of other runs that occur in a text of this run: they are nobody's. */
  giveUpIn(text: string, run: number): void {
    let found: RunWord | undefined;
    while ((found = this.#foreignWord(text, run)) !== undefined) this.#words.set(found.text, undefined);
  }

  /** Whether a text that was found is still that of one run. */
  isOwned({ text }: RunWord): boolean {
    return text.startsWith(this.#tag) || this.#words.get(text) !== undefined;
  }

  /** The first text of another run in a text, as a whole word or words. */
  foreignIn(text: string, own: number): RunWord | undefined {
    for (const [marker, number, origin = ''] of text.matchAll(this.#marker)) {
      const run = Number(number);
      if (run !== own) return { text: marker, run, origin };
    }
    return this.#foreignWord(text, own);
  }

  #foreignWord(text: string, own: number): RunWord | undefined {
    const last = this.#byStart.size === 0 ? -1 : text.length - SHORTEST;
    for (let at = 0; at <= last; at += 1) {
      for (const start of this.#byStart.get(text.slice(at, at + SHORTEST)) ?? []) {
        const word = this.#words.get(start);
        if (word === undefined || word.run === own || !text.startsWith(start, at)) continue;
        if (!isInsideWord(text, at) && !isInsideWord(text, at + start.length)) return word;
      }
    }
    return undefined;
  }
}

/** Whether a letter or digit stands on both sides of a place. */
function isInsideWord(text: string, at: number): boolean {
  return at > 0 && /^[\p{L}\p{N}]{2}/u.test(text.slice(at - 1, at + 1));
}
