import { isInstanceOf } from '../data/foreign-value.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentContext } from '../context/ambient-context.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { Secret } from '../run/secrets/secret.js';
import { hasOwnMethods, isPlainObject, walkData } from './data-walk.js';
import type { IsolationCrossing } from './isolation-error.js';
import { RunWords } from './run-words.js';
import type { RunWord } from './run-words.js';
import { seededRandom } from './seeded-random.js';

/** So many crossings are kept. */
const MOST_CROSSINGS = 1000;

/** Looks for what crosses between runs that run at once. */
export class IsolationWatch {
  readonly words = new RunWords();
  /** Whether each run has a provider of secrets of its own. */
  comparesSecrets = true;
  /** How many calls of nodes were looked at. */
  checked = 0;
  readonly #crossings = new Map<string, { readonly crossing: IsolationCrossing; readonly word?: RunWord }>();
  /** Whose options hold an object; undefined where it is in those of several runs, which share it by choice. */
  readonly #owners = new Map<object, number | undefined>();
  readonly #texts: (readonly [text: string, run: number])[] = [];
  readonly #seed: number;
  readonly #random: (() => number)[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** What has crossed so far, in the order in which it was found. */
  get crossings(): readonly IsolationCrossing[] {
    return [...this.#crossings.values()]
      .filter(({ word }) => word === undefined || this.words.isOwned(word))
      .map(({ crossing }) => crossing);
  }

  /** Notes what a run was given: its texts, and its objects. */
  given(run: number, origin: string, value: unknown, isOwner: boolean): void {
    walkData(value, origin, {
      text: (text, key, isName) => {
        if (isName) return;
        this.words.add(text, run, key);
        this.#texts.push([text, run]);
      },
      enters: (object) => {
        if (isOwner) {
          const isForeign = this.#owners.has(object) && this.#owners.get(object) !== run;
          this.#owners.set(object, isForeign ? undefined : run);
        }
        return true;
      },
    });
  }

  /** Call it when all runs have their options. */
  begin(): void {
    for (const [text, run] of this.#texts) this.words.giveUpIn(text, run);
    this.#texts.length = 0;
  }

  /** The run that a context belongs to. */
  runOf(context: PipelineContext): number {
    return this.words.runOf(context.rootRunId) ?? -1;
  }

  /** Lets other runs go first, or not. */
  async pause(run: number): Promise<void> {
    const random = (this.#random[run] ??= seededRandom(this.#seed + run * 9973));
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await nextTurn();
  }

  /** Looks at data: an item, an error, an envelope. */
  look(run: number, path: string, key: string, value: unknown): void {
    this.#look(run, path, key, value, (object) => isPlainObject(object) || !this.#isShared(object));
  }

  /** Looks at a context, and at the one that is current. */
  lookAround(run: number, path: string, context: PipelineContext): void {
    this.lookAtCurrent(run, path);
    this.look(run, path, 'tenantId', context.run.tenantId);
    for (const kind of dictionaryKinds) {
      for (const [name, value] of context[kind].entries()) {
        this.look(run, path, kind, name);
        if (kind === 'items') this.#lookAtService(run, path, `items.${name}`, value);
        else this.look(run, path, `${kind}.${name}`, value);
      }
    }
    this.look(run, path, 'session', context.run.session.toObject());
  }

  /** Looks whether the current context, if there is one, is of a run. */
  lookAtCurrent(run: number, path?: string): void {
    const current = currentContext();
    const foreign = current && this.words.runOf(current.rootRunId);
    if (current === undefined || foreign === undefined || foreign === run) return;
    this.#note({
      ...{ key: 'currentContext', path: path ?? current.path, ownRun: run, foreignRun: foreign },
      origin: 'context',
    });
  }

  /** Live services are looked into where they are the run's own; else they are shared by choice, or set by a node. */
  #lookAtService(run: number, path: string, key: string, value: unknown): void {
    this.#look(run, path, key, value, (object) => {
      if (isInstanceOf(object, Secret) || this.#owners.get(object) === run) return true;
      return isPlainObject(object) && !hasOwnMethods(object) && !this.#isShared(object);
    });
  }

  #look(run: number, path: string, key: string, value: unknown, enters: (object: object) => boolean): void {
    walkData(value, key, {
      enters,
      text: (text, at) => {
        const word = this.words.foreignIn(text, run);
        if (word === undefined) return;
        const { run: foreignRun, origin } = word;
        this.#note({ key: at, path, ownRun: run, foreignRun, origin }, word);
      },
    });
  }

  #isShared(object: object): boolean {
    return this.#owners.has(object) && this.#owners.get(object) === undefined;
  }

  #note(crossing: IsolationCrossing, word?: RunWord): void {
    const place = JSON.stringify(Object.values(crossing));
    if (this.#crossings.has(place) || this.#crossings.size >= MOST_CROSSINGS) return;
    this.#crossings.set(place, {
      crossing: Object.freeze(crossing),
      ...(word === undefined ? {} : { word }),
    });
  }
}
