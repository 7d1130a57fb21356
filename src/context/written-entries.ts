import type { Entry } from './layer.js';

/** What one context has written to a dictionary, in order: the first two entries without a Map, as most write no more. */
export class WrittenEntries {
  #firstName: string | undefined;
  #first: Entry | undefined;
  #secondName: string | undefined;
  #second: Entry | undefined;
  #all: Map<string, Entry> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    if (this.#second !== undefined) return 2;
    return this.#first === undefined ? 0 : 1;
  }

  get(name: string): Entry | undefined {
    if (this.#all !== undefined) return this.#all.get(name);
    if (name === this.#firstName) return this.#first;
    return name === this.#secondName ? this.#second : undefined;
  }

  set(name: string, entry: Entry): void {
    if (this.#all !== undefined) this.#all.set(name, entry);
    else if (this.#first === undefined || name === this.#firstName) {
      this.#firstName = name;
      this.#first = entry;
    } else if (this.#second === undefined || name === this.#secondName) {
      this.#secondName = name;
      this.#second = entry;
    } else this.all().set(name, entry);
  }

  delete(name: string): void {
    this.all().delete(name);
  }

  /** All of them, as the Map in which they are from now on. */
  all(): Map<string, Entry> {
    if (this.#all !== undefined) return this.#all;
    const all = new Map<string, Entry>();
    if (this.#firstName !== undefined && this.#first !== undefined) all.set(this.#firstName, this.#first);
    if (this.#secondName !== undefined && this.#second !== undefined) all.set(this.#secondName, this.#second);
    return (this.#all = all);
  }
}
