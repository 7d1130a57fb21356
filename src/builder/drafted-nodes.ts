import { compileInheritance } from '../context/child-context-options.js';
import type { AnyHandle, OutputHandle } from '../graph/handles.js';
import type {
  ChildInputOf,
  CombinedOutputOf,
  ItemCompositeOptions,
  OutputCardinality,
} from '../nodes/composite-options.js';
import type { NodeOptions } from '../nodes/node-options.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { DefinitionSource } from './blueprint.js';
import { limitsOf } from '../run/spending/budget-limits.js';
import { definitionClass, factsOf } from './describe-definition.js';
import type { DraftComposite, DraftNode, GraphDraft } from './graph-draft.js';
import { bindNode, classNameOf } from './node-binding.js';
import {
  compositeRules,
  guardProblems,
  nodeRules,
  readAheadProblems,
  resolveOptions,
  shownOptions,
  streamCompositeProblems,
} from './option-shapes.js';
import { operatorName, operatorProblems, operatorShown } from './operator-node.js';
import { contractOf } from './pipeline-metadata.js';

/** What may be given of a composite's options; those that make no sense together are problems. */
type GivenCompositeOptions = Omit<ItemCompositeOptions<unknown, unknown>, 'granularity'> & {
  readonly granularity?: 'item' | 'stream' | undefined;
  readonly input?: ChildInputOf<unknown, unknown> | undefined;
  readonly combine?: CombinedOutputOf<unknown, unknown, unknown> | undefined;
};

/** Understands what the add methods of a builder are given, and adds it to the draft. */
export class DraftedNodes {
  constructor(
    private readonly draft: GraphDraft,
    /** The pipelines above the children, the root first. */
    private readonly ancestors: readonly DefinitionSource[],
  ) {}

  addNode(
    kind: Exclude<keyof typeof nodeRules, 'operator'>,
    node: unknown,
    options: string | NodeOptions<unknown> | undefined,
  ): AnyHandle {
    this.draft.assertOpen();
    const { from, ...given } = this.draft.readOptions(options, kind);
    const bound = bindNode(kind, node);
    if ('problem' in bound) {
      const id = this.draft.idFor(kind, given.name, undefined);
      this.draft.report(
        'NODE_INVALID',
        `${this.draft.path}/${id}`,
        `This is no ${kind}: ${bound.problem}.`,
        'Give a node of the right kind.',
      );
      const misfit = this.draft.addMisfit(id, kind);
      if (from !== undefined) this.draft.connect(from, misfit);
      return misfit;
    }
    if (bound.kind === 'composite-input' || bound.kind === 'composite-output') {
      const name = given.name ?? (bound.kind === 'composite-input' ? 'input' : 'output');
      return this.addBridge(bound.kind, { ...given, from, name });
    }
    const { binding } = bound;
    const operator = binding.how === 'operator' ? binding.operator : undefined;
    const id = this.draft.idFor(operatorName(operator) ?? kind, given.name, bound.name);
    const isWhole = bound.isStream || binding.how === 'writable';
    const rules = operator
      ? nodeRules.operator
      : kind === 'sink' && isWhole
        ? nodeRules['stream-transform']
        : nodeRules[kind];
    this.draft.checkOptions(id, given, rules);
    for (const problem of guardProblems(given, rules)) this.draft.reportOption(id, problem);
    if ('readAhead' in rules)
      for (const problem of readAheadProblems(given)) this.draft.reportOption(id, problem);
    if (given.lifetime !== undefined && operator === undefined && binding.how !== 'class') {
      this.draft.reportOption(
        id,
        "'lifetime' is for a class that the run constructs; what you made yourself lives as long as you keep it",
      );
    }
    const resolved = resolveOptions(given);
    if (operator !== undefined)
      for (const problem of operatorProblems(operator, resolved.errorPolicy))
        this.draft.reportOption(id, problem);
    return this.place(from, {
      id,
      kind,
      isStream: bound.isStream,
      options: resolved,
      shown: { ...(operator && operatorShown(operator)), ...shownOptions(given, undefined) },
      binding,
      composite: undefined,
      // A fallback that gives nothing leaves the item out, as the node itself can.
      fallbacks: this.fallbacks(id, resolved.errorPolicy, 'optional'),
    });
  }

  addComposite(definition: DefinitionSource, options: string | object | undefined): AnyHandle {
    this.draft.assertOpen();
    const { from, ...given } = this.draft.readOptions<GivenCompositeOptions>(options, 'composite');
    const id = this.draft.idFor('composite', given.name, classNameOf(definitionClass(definition)));
    const isStream = given.granularity === 'stream';
    this.draft.checkOptions(id, given, compositeRules);
    for (const problem of isStream ? streamCompositeProblems(given) : readAheadProblems(given))
      this.draft.reportOption(id, problem);
    const resolved = resolveOptions(given);
    const { output = 'one' } = given;
    const composite = this.#composite(`${this.draft.path}/${id}`, definition, given);
    return this.place(from, {
      id,
      kind: 'composite',
      isStream,
      options: resolved,
      shown: shownOptions(given, composite?.inheritance),
      binding: undefined,
      composite,
      fallbacks: this.fallbacks(id, resolved.errorPolicy, output),
    });
  }

  /** Reads what is said about a sub-pipeline; undefined for what is wrong about its context, which is a problem. */
  #composite(
    path: string,
    definition: DefinitionSource,
    given: GivenCompositeOptions,
  ): DraftComposite | undefined {
    const contract = contractOf(factsOf(definition));
    const inheritance = this.draft.attempt(path, () => compileInheritance(given, path, contract));
    return (
      inheritance && {
        definition,
        granularity: given.granularity ?? 'item',
        output: given.output ?? 'one',
        cancellable: given.cancellable ?? false,
        budget: limitsOf(given.budget),
        inheritance,
        valuesOf: typeof given.with === 'function' ? given.with : undefined,
        input: given.input,
        combine: given.combine,
        ancestors: this.ancestors,
      }
    );
  }

  /** The sub-pipelines of a node's policy, each a composite of the default configuration. */
  fallbacks(
    nodeId: string,
    policy: ErrorPolicy<unknown> | undefined,
    output: OutputCardinality,
  ): DraftNode['fallbacks'] {
    return (policy?.pipelines ?? []).flatMap((definition, index) => {
      const id = index === 0 ? 'fallback' : `fallback-${String(index + 1)}`;
      const composite = this.#composite(`${this.draft.path}/${nodeId}/${id}`, definition, { output });
      return composite === undefined ? [] : [{ id, composite }];
    });
  }

  addBridge(
    kind: 'composite-input' | 'composite-output',
    { from, name, ...rest }: { readonly name: string; readonly from?: OutputHandle<unknown> | undefined },
  ): AnyHandle {
    this.draft.assertOpen();
    const id = this.draft.idFor(kind, name, undefined);
    this.draft.checkOptions(id, rest, {});
    return this.place(from, {
      id,
      kind,
      isStream: false,
      options: resolveOptions({}),
      shown: {},
      binding: { how: 'bridge' },
      composite: undefined,
      fallbacks: [],
    });
  }

  /** Adds a node, connected to another one. */
  place(from: OutputHandle<unknown> | undefined, node: Omit<DraftNode, 'metadata'>): AnyHandle {
    const handle = this.draft.add({ ...node, metadata: new Map() });
    if (from !== undefined) this.draft.connect(from, handle);
    return handle;
  }
}
