import { PipelineError } from '../errors/pipeline-error.js';
import type { Outcome } from '../ports/execution-observer.js';
import { boundLogger, quietly } from '../run/bound-logger.js';
import { CancelScope } from '../run/ending/cancel-scope.js';
import { RunIdentity } from '../run/run-identity.js';
import { BaseLayers } from './base-layers.js';
import type { EntryNames } from './base-layers.js';
import type { ChildInheritance } from './child-inheritance.js';
import {
  ContextDictionary,
  dictionaryAmong,
  entryOf,
  isLocalEntry,
  localEntriesOf,
  sealedLayer,
  takeLocalEntries,
} from './context-dictionary.js';
import type { DictionaryOwner } from './context-dictionary.js';
import type { ContextServices } from './context-services.js';
import { dictionaryKinds } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { callTooLate, registeredDisposer } from './disposers.js';
import type { Disposer, DisposerFailure, OutcomeDisposer, RegisteredDisposer } from './disposers.js';
import { ExecutionIds } from './execution-ids.js';
import type { TraceableContext } from './explain.js';
import type { Entry, Layer } from './layer.js';
import { missingKeyHint } from './missing-key.js';
import type { ParentLinkage } from './parent-linkage.js';
import { PastContext } from './past-context.js';

/** Where a context stands: what is the same for every execution of one pipeline at one place. */
export interface ContextSite {
  readonly path: string;
  readonly pipelineName: string;
  /** The version that the definition says of itself, if it says one. */
  readonly pipelineVersion?: string | undefined;
  /** Undefined at a root. */
  readonly child?: ChildPlace | undefined;
}

/** Which composite a child belongs to, and what it takes from the parent. */
export interface ChildPlace {
  readonly nodeId: string;
  readonly inheritance: ChildInheritance;
}

/** The site of a child. */
export interface ChildSite extends ContextSite {
  readonly child: ChildPlace;
}

/** What few contexts have beside what they started with and their dictionaries: made when it is asked for. */
class OwnState {
  pipelineId: string | undefined;
  /** The run's, at its top; a run of its own in a child that does not inherit the run. */
  identity: RunIdentity | undefined;
  /** At the top of a run. */
  ids: ExecutionIds | undefined;
  disposers: RegisteredDisposer[] | undefined;
  /** The layers as children get them, while nothing is written. */
  layers: BaseLayers | undefined;
}

/**
 * The state of one execution's context, behind every {@link PipelineContext} that shows it.
 *
 * A composite makes one for every item, so it has few fields: what an execution does not use is not made.
 */
export class ContextFrame implements DictionaryOwner {
  #scope: CancelScope;
  /** The dictionary that was asked for last; it leads to the others. */
  #dictionaries: ContextDictionary | undefined;
  #own: OwnState | undefined;
  /** How it ended, once all that was registered has been disposed. */
  #ended: Outcome | undefined;

  /** @param identity who the run is; a child has it from its parent, unless it is a run of its own. */
  constructor(
    readonly site: ContextSite,
    readonly parent: ContextFrame | undefined,
    readonly services: ContextServices,
    scope: CancelScope,
    private readonly started: BaseLayers,
    identity?: RunIdentity,
  ) {
    this.#scope = scope;
    if (identity !== undefined) ContextFrame.#stateOf(this).identity = identity;
  }

  /** The part of the run that this execution ends with: its own, or one that it stands in. */
  get scope(): CancelScope {
    return this.#scope;
  }

  /** Gives this execution a scope of its own, so that what is under way side by side in it hears when it fails. */
  isolateScope(): void {
    if (!ContextFrame.#ownsScope(this)) this.#scope = new CancelScope(this.path, this.#scope, false, true);
  }

  /** Ends the scope of this execution alone, if it has one: nobody listens where there is none. */
  abort(): void {
    if (ContextFrame.#ownsScope(this))
      this.#scope.cancel({ kind: 'failure', message: 'the execution has failed' }, this.path);
  }

  /** Leaves the scopes above: the execution has ended. */
  closeScope(): void {
    if (ContextFrame.#ownsScope(this)) this.#scope.close();
  }

  static #ownsScope({ parent, scope }: ContextFrame): boolean {
    return parent?.scope !== scope;
  }

  get path(): string {
    return this.site.path;
  }

  /** The place below a composite; undefined at a root. */
  get childSite(): ChildPlace | undefined {
    return this.site.child;
  }

  get identity(): RunIdentity {
    return this.#own?.identity ?? ContextFrame.#inheritedIdentity(this);
  }

  static #inheritedIdentity(frame: ContextFrame): RunIdentity {
    const above = frame.parent?.identity ?? new RunIdentity();
    if (frame.childSite?.inheritance.configuration.inheritRunIdentity === true) return above;
    return (ContextFrame.#stateOf(frame).identity = above.fork());
  }

  get pipelineId(): string {
    return (ContextFrame.#stateOf(this).pipelineId ??= ContextFrame.#idsOf(this).next());
  }

  /** Numbers the executions of the run. */
  static #idsOf(frame: ContextFrame): ExecutionIds {
    if (frame.parent !== undefined) return ContextFrame.#idsOf(frame.parent);
    return (ContextFrame.#stateOf(frame).ids ??= new ExecutionIds());
  }

  get parentLinkage(): ParentLinkage | undefined {
    if (this.parent === undefined || this.childSite === undefined) return undefined;
    return {
      nodeId: this.childSite.nodeId,
      pipelineId: this.parent.pipelineId,
      pipelineName: this.parent.site.pipelineName,
    };
  }

  dictionary(kind: DictionaryKind): ContextDictionary {
    return (
      dictionaryAmong(this.#dictionaries, kind) ??
      (this.#dictionaries = new ContextDictionary(this, kind, this.started[kind], this.#dictionaries))
    );
  }

  /** Whether a name of a dictionary holds an entry that no child inherits. */
  isLocal(kind: DictionaryKind, name: string): boolean {
    return isLocalEntry(this.dictionary(kind), name);
  }

  /** The entries of a dictionary that no child inherits, as they are now; makes no dictionary where there is none. */
  localEntries(kind: DictionaryKind): Map<string, Entry> | undefined {
    const own = dictionaryAmong(this.#dictionaries, kind);
    return own && localEntriesOf(own);
  }

  /** Takes over the entries of another context that no child inherits; makes no dictionary where there are none. */
  takeLocal(origin: ContextFrame): void {
    for (const kind of dictionaryKinds) {
      const local = origin.localEntries(kind);
      if (local !== undefined) takeLocalEntries(this.dictionary(kind), local);
    }
  }

  /** What the way of its values is told by. */
  get traced(): TraceableContext {
    return this;
  }

  /** The context above as it stands now. */
  get pastParent(): PastContext | undefined {
    return PastContext.of(this.parent);
  }

  /** What the dictionary started from. */
  base(kind: DictionaryKind): Layer {
    return this.started[kind];
  }

  /** One entry; makes no dictionary where there is none. */
  entry(kind: DictionaryKind, name: string): Entry | undefined {
    const own = dictionaryAmong(this.#dictionaries, kind);
    return own === undefined ? this.started[kind].get(name) : entryOf(own, name);
  }

  /** What a child started now can inherit. */
  layer(kind: DictionaryKind): Layer {
    return ContextFrame.#sealedDictionary(this, kind) ?? this.started[kind];
  }

  static #sealedDictionary(frame: ContextFrame, kind: DictionaryKind): Layer | undefined {
    const dictionary = dictionaryAmong(frame.#dictionaries, kind);
    return dictionary && sealedLayer(dictionary);
  }

  /** What a context made from this one starts with; made anew only after something was written. */
  layers(): BaseLayers {
    if (this.#dictionaries === undefined) return this.started;
    return (ContextFrame.#stateOf(this).layers ??= ContextFrame.#sealed(this));
  }

  static #sealed(frame: ContextFrame): BaseLayers {
    return new BaseLayers(frame.layer('parameters'), frame.layer('items'), frame.layer('properties'));
  }

  /** A dictionary was written to: what a child started now can inherit is not known any more. */
  changed(): void {
    if (this.#own !== undefined) this.#own.layers = undefined;
  }

  /** Whether every one of some entries is there. */
  holdsAll(entries: EntryNames): boolean {
    // Where nothing was written, all children of one parent have the same.
    return this.#dictionaries === undefined
      ? this.started.holdsAll(entries)
      : entries.every(([kind, name]) => this.entry(kind, name) !== undefined);
  }

  hintFor(kind: DictionaryKind, name: string): string | undefined {
    return missingKeyHint(this.traced, kind, name);
  }

  /**
   * Registers what to call when this context ends. After the end it is called at once, and refused.
   *
   * @param path who is named if it fails.
   * @param withOutcome whether a function is told how the execution has ended.
   * @throws {@link PipelineError} `OPTION_INVALID` for what cannot be called, `CONTEXT_DISPOSED` after the end.
   */
  addDisposer(disposer: Disposer | OutcomeDisposer, path = this.path, withOutcome = false): void {
    const registered = registeredDisposer(disposer, path, withOutcome);
    if (this.#ended !== undefined) this.refuseDisposer(registered, this.#ended);
    (ContextFrame.#stateOf(this).disposers ??= []).push(registered);
  }

  /** Calls a disposer for which no end will come; what it throws is logged. */
  protected refuseDisposer(
    registered: RegisteredDisposer,
    outcome: Outcome,
    when = 'after the execution of this context had ended',
  ): never {
    callTooLate(registered, outcome, (failure) => {
      this.reportDisposer(failure);
    });
    throw new PipelineError('CONTEXT_DISPOSED', {
      path: this.path,
      problem: `A disposer was registered ${when}. It was called at once.`,
      remedy: 'Register it while a node runs, or dispose the resource where it is used.',
    });
  }

  /** How many disposers are registered. */
  get disposerCount(): number {
    return this.#own?.disposers?.length ?? 0;
  }

  /** Takes out the disposers registered since there were so many, the latest first. */
  takeDisposers(since = 0): readonly RegisteredDisposer[] {
    return this.#own?.disposers?.splice(since).reverse() ?? [];
  }

  /** Refuses disposers from now on; those that come are told this outcome. */
  closeDisposal(outcome: Outcome = 'succeeded'): void {
    this.#ended ??= outcome;
  }

  /** Writes a line for the framework; a logger that throws changes nothing in the run. */
  report(level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void {
    const { logger, run } = this.services;
    quietly(boundLogger(logger, this.identity, this.path, run.redactor), level, fields, message);
  }

  /** Writes the line of a disposer whose failure changes nothing any more. */
  reportDisposer(failure: DisposerFailure): void {
    this.report('error', { ...failure, code: 'DISPOSAL_FAILED' }, 'a disposer failed');
  }

  /** Whether all that was registered has been disposed. */
  get isDisposed(): boolean {
    return this.#ended !== undefined;
  }

  // Static, as a private method would cost every instance a mark.
  static #stateOf(frame: ContextFrame): OwnState {
    return (frame.#own ??= new OwnState());
  }
}

/**
 * The frame of a child: it takes the layers its parent has at this moment, and copies nothing.
 *
 * @param from the layers that the parent had, where a moment has passed since.
 */
export function childFrame(
  parent: ContextFrame,
  site: ChildSite,
  scope: CancelScope,
  from = parent.layers(),
): ContextFrame {
  const { inheritance } = site.child;
  return new ContextFrame(
    site,
    parent,
    parent.services.narrow(inheritance),
    scope,
    inheritance.layersFor(from),
  );
}
