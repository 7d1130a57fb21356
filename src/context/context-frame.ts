import { invalidOption } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { CancelScope } from '../run/cancel-scope.js';
import type { RunIdentity } from '../run/run-identity.js';
import { passingRemedy } from './child-inheritance.js';
import type { ChildInheritance } from './child-inheritance.js';
import { ContextDictionary } from './context-dictionary.js';
import type { DictionaryOwner } from './context-dictionary.js';
import type { ContextServices } from './context-services.js';
import { perDictionary } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { isDisposer } from './disposers.js';
import type { Disposer, RegisteredDisposer } from './disposers.js';
import type { ExecutionIds } from './execution-ids.js';
import type { Layer } from './layer.js';
import { explain } from './explain.js';
import type { ParentLinkage } from './parent-linkage.js';

/** Where a context stands: what is the same for every execution of one pipeline at one place. */
export interface ContextSite {
  readonly path: string;
  readonly pipelineName: string;
}

/** The place of a child: below which composite, and what it takes from the parent. */
export interface ChildSite extends ContextSite {
  readonly nodeId: string;
  readonly inheritance: ChildInheritance;
}

/** The layers that dictionaries start from. */
export type BaseLayers = Readonly<Record<DictionaryKind, Layer>>;

/**
 * The state of one execution's context, behind every {@link PipelineContext} that shows it.
 *
 * Dictionaries and ids are made when they are first asked for.
 */
export class ContextFrame implements DictionaryOwner {
  #parameters: ContextDictionary | undefined;
  #items: ContextDictionary | undefined;
  #properties: ContextDictionary | undefined;
  #pipelineId: string | undefined;
  #disposers: RegisteredDisposer[] | undefined;
  #disposed = false;
  #scope: CancelScope;
  #ownsScope: boolean;

  constructor(
    readonly site: ContextSite,
    readonly parent: ContextFrame | undefined,
    /** The place below a composite; undefined at a root. */
    readonly childSite: ChildSite | undefined,
    readonly services: ContextServices,
    readonly identity: RunIdentity,
    scope: CancelScope,
    readonly ids: ExecutionIds,
    private readonly parametersBase: Layer,
    private readonly itemsBase: Layer,
    private readonly propertiesBase: Layer,
  ) {
    this.#scope = scope;
    this.#ownsScope = parent?.scope !== scope;
  }

  /** The part of the run that this execution ends with: its own, or one that it stands in. */
  get scope(): CancelScope {
    return this.#scope;
  }

  /** Gives this execution a scope of its own, so that what is under way side by side in it hears when it fails. */
  isolateScope(): void {
    if (this.#ownsScope) return;
    this.#scope = new CancelScope(this.path, this.#scope, false, true);
    this.#ownsScope = true;
  }

  /** Ends the scope of this execution alone, if it has one: nobody listens where there is none. */
  abort(): void {
    if (this.#ownsScope)
      this.#scope.cancel({ kind: 'failure', message: 'the execution has failed' }, this.path);
  }

  /** Leaves the scopes above: the execution has ended. */
  closeScope(): void {
    if (this.#ownsScope && this.parent !== undefined) this.#scope.close();
  }

  get path(): string {
    return this.site.path;
  }

  get pipelineId(): string {
    return (this.#pipelineId ??= this.ids.next());
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
    switch (kind) {
      case 'parameters':
        return (this.#parameters ??= new ContextDictionary(this, kind, this.parametersBase));
      case 'items':
        return (this.#items ??= new ContextDictionary(this, kind, this.itemsBase));
      case 'properties':
        return (this.#properties ??= new ContextDictionary(this, kind, this.propertiesBase));
    }
  }

  /** What the dictionary started from. */
  base(kind: DictionaryKind): Layer {
    if (kind === 'parameters') return this.parametersBase;
    return kind === 'items' ? this.itemsBase : this.propertiesBase;
  }

  /** What a child started now can inherit. */
  layer(kind: DictionaryKind): Layer {
    switch (kind) {
      case 'parameters':
        return this.#parameters === undefined ? this.parametersBase : this.#parameters.seal();
      case 'items':
        return this.#items === undefined ? this.itemsBase : this.#items.seal();
      case 'properties':
        return this.#properties === undefined ? this.propertiesBase : this.#properties.seal();
    }
  }

  /** What a context made from this one starts with. */
  layers(): BaseLayers {
    return perDictionary((kind) => this.layer(kind));
  }

  hintFor(kind: DictionaryKind, name: string): string | undefined {
    const withheld = [...explain(this, kind, name).hops].reverse().find((hop) => hop.action === 'withheld');
    if (withheld === undefined) return undefined;
    return `The composite '${withheld.path}' does not pass it on. ${passingRemedy(kind, name)}`;
  }

  /**
   * Registers what to call when this context ends.
   *
   * @param path who is named if it fails.
   */
  addDisposer(disposer: Disposer, path = this.path): void {
    if (!isDisposer(disposer)) {
      const expected = 'a function, or an object with Symbol.dispose or Symbol.asyncDispose, was expected';
      throw invalidOption('onDispose', expected, this.path);
    }
    if (this.#disposed) {
      throw new PipelineError('CONTEXT_DISPOSED', {
        path: this.path,
        problem: 'A disposer was registered after the execution of this context had ended.',
        remedy: 'Register it while a node runs, or dispose the resource where it is used.',
      });
    }
    (this.#disposers ??= []).push({ disposer, path });
  }

  /** How many disposers are registered. */
  get disposerCount(): number {
    return this.#disposers?.length ?? 0;
  }

  /** Takes out the disposers registered since there were so many, the latest first. */
  takeDisposers(since = 0): readonly RegisteredDisposer[] {
    return this.#disposers?.splice(since).reverse() ?? [];
  }

  /** Refuses disposers from now on. */
  closeDisposal(): void {
    this.#disposed = true;
  }
}

/** The frame of a child: it takes the layers its parent has at this moment, and copies nothing. */
export function childFrame(parent: ContextFrame, site: ChildSite, scope: CancelScope): ContextFrame {
  const { inheritance } = site;
  return new ContextFrame(
    site,
    parent,
    site,
    parent.services.narrow(inheritance.configuration),
    inheritance.configuration.inheritRunIdentity ? parent.identity : parent.identity.fork(),
    scope,
    parent.ids,
    inheritance.parameters.layerFor(parent.layer('parameters')),
    inheritance.items.layerFor(parent.layer('items')),
    inheritance.properties.layerFor(parent.layer('properties')),
  );
}
