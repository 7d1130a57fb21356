import { expectedBy, invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { readProperty } from '../data/foreign-value.js';
import { compileInheritance } from '../context/child-context-options.js';
import type { AnyHandle, OutputHandle } from '../graph/handles.js';
import type { ChildInputOf, CombinedOutputOf, ItemCompositeOptions } from '../nodes/composite-options.js';
import type { NodeOptions } from '../nodes/node-options.js';
import type { DefinitionSource } from './blueprint.js';
import { limitsOf } from '../run/spending/budget-limits.js';
import { definitionClass, factsOf } from './describe-definition.js';
import type { DraftNode, GraphDraft } from './graph-draft.js';
import { bindNode, classNameOf } from './node-binding.js';
import {
  compositeRules,
  guardProblems,
  isPolicy,
  nodeRules,
  policyOf,
  readAheadProblems,
  resolveOptions,
  shownOptions,
  streamCompositeProblems,
} from './option-shapes.js';
import { contractOf } from './pipeline-metadata.js';
import { problemOfError } from './problem-of-error.js';

/** How far a pipeline's default policy reaches. */
export interface DefaultPolicyOptions {
  /** Whether it decides in the sub-pipelines too, unless they have a default of their own. Default `false`. */
  readonly children?: boolean | undefined;
}

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
    kind: keyof typeof nodeRules,
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
    const id = this.draft.idFor(kind, given.name, bound.name);
    const isWhole = bound.isStream || bound.binding.how === 'writable';
    const rules = kind === 'sink' && isWhole ? nodeRules['stream-transform'] : nodeRules[kind];
    this.draft.checkOptions(id, given, rules);
    for (const problem of guardProblems(given, rules)) this.draft.reportOption(id, problem);
    if ('readAhead' in rules)
      for (const problem of readAheadProblems(given)) this.draft.reportOption(id, problem);
    if (given.lifetime !== undefined && bound.binding.how !== 'class') {
      this.draft.reportOption(
        id,
        "'lifetime' is for a class that the run constructs; what you made yourself lives as long as you keep it",
      );
    }
    return this.#add(from, {
      id,
      kind,
      isStream: bound.isStream,
      options: resolveOptions(given),
      shown: shownOptions(given, undefined),
      binding: bound.binding,
      composite: undefined,
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
    const path = `${this.draft.path}/${id}`;
    const contract = contractOf(factsOf(definition));
    const inheritance = this.draft.attempt(path, () => compileInheritance(given, path, contract));
    return this.#add(from, {
      id,
      kind: 'composite',
      isStream,
      options: resolveOptions(given),
      shown: shownOptions(given, inheritance),
      binding: undefined,
      composite: inheritance && {
        definition,
        granularity: isStream ? 'stream' : 'item',
        output: given.output ?? 'one',
        cancellable: given.cancellable ?? false,
        budget: limitsOf(given.budget),
        inheritance,
        valuesOf: typeof given.with === 'function' ? given.with : undefined,
        input: given.input,
        combine: given.combine,
        ancestors: this.ancestors,
      },
    });
  }

  addBridge(
    kind: 'composite-input' | 'composite-output',
    { from, name, ...rest }: { readonly name: string; readonly from?: OutputHandle<unknown> | undefined },
  ): AnyHandle {
    this.draft.assertOpen();
    const id = this.draft.idFor(kind, name, undefined);
    this.draft.checkOptions(id, rest, {});
    return this.#add(from, {
      id,
      kind,
      isStream: false,
      options: resolveOptions({}),
      shown: {},
      binding: { how: 'bridge' },
      composite: undefined,
    });
  }

  /** Takes what decides about nodes without a policy of their own; a second one is a problem. */
  setDefaultPolicy(given: unknown, options: object): void {
    this.draft.assertOpen();
    const { path } = this.draft;
    const problems = optionProblems(options, { children: rule.boolean });
    const expected = expectedBy(isPolicy, given);
    if (expected !== undefined) problems.push(`${expected} was expected`);
    if (this.draft.defaultPolicy !== undefined) problems.push('it was called before, and can be called once');
    const policy = policyOf(given);
    const children = readProperty(options, 'children') === true;
    if (policy !== undefined) this.draft.defaultPolicy ??= { policy, children };
    if (problems.length === 0) return;
    this.draft.problems.push(
      problemOfError(invalidOption("the builder's errorPolicy", problems.join('; '), path), path),
    );
  }

  #add(from: OutputHandle<unknown> | undefined, node: Omit<DraftNode, 'metadata'>): AnyHandle {
    const handle = this.draft.add({ ...node, metadata: new Map() });
    if (from !== undefined) this.draft.connect(from, handle);
    return handle;
  }
}
