import { isInstanceOf } from '../data/foreign-value.js';
import { optionProblems, recordProblems, recordRule, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import type { AnyHandle, OutputHandle } from '../graph/handles.js';
import { defaultCapacity } from '../junctions/capacity.js';
import { joinOperator } from '../junctions/join.js';
import type { JoinKind } from '../junctions/join-options.js';
import { mergeOperator } from '../junctions/merge.js';
import { SortedOrder } from '../junctions/merge-options.js';
import type { MergeOrder } from '../junctions/merge-options.js';
import { OTHERWISE, Route } from '../junctions/route.js';
import type { RouteConditions, RouteOptions } from '../junctions/route.js';
import { Tap } from '../junctions/tap.js';
import type { TapFunction } from '../junctions/tap.js';
import type { NodeKind } from '../nodes/node-kind.js';
import type { NodeOptions } from '../nodes/node-options.js';
import type { DraftedNodes } from './drafted-nodes.js';
import type { GraphDraft } from './graph-draft.js';
import type { NodeBinding } from './node-binding.js';
import { nameProblem } from './node-name.js';
import { misplacedFallback } from './operator-node.js';
import {
  isPolicy,
  nodeRules,
  policyOf,
  readAheadProblems,
  resolveOptions,
  shownOptions,
} from './option-shapes.js';

/** Options that every junction knows. */
interface GivenOptions extends NodeOptions<unknown> {
  readonly from?: unknown;
}

const common: OptionRules = { name: rule.anything, errorPolicy: isPolicy };

const rules = {
  tap: { ...nodeRules.transform, onError: rule.oneOf('fail', 'ignore') },
  route: {
    ...common,
    mode: rule.oneOf('first', 'all'),
    otherwise: rule.oneOf('fail', 'drop', 'deadLetter', 'emit'),
  },
  merge: {
    ...common,
    capacity: rule.capacity,
    order: (value) =>
      isInstanceOf(value, SortedOrder) ? undefined : rule.oneOf('arrival', 'concat', 'zip')(value),
  },
  join: {
    ...common,
    leftKey: rule.callable,
    rightKey: rule.callable,
    kind: rule.oneOf('inner', 'left', 'right', 'full'),
    within: recordRule(
      'a distance with the times of both sides',
      {
        ms: rule.milliseconds,
        leftTime: rule.callable,
        rightTime: rule.callable,
        latenessMs: (value) => (value === Infinity ? undefined : rule.milliseconds(value)),
      },
      ['ms', 'leftTime', 'rightTime'],
    ),
    capacity: rule.capacity,
    combine: rule.callable,
  },
} as const satisfies Record<string, OptionRules>;

/** What else is known of a junction's node. */
interface JunctionNode {
  readonly binding: NodeBinding;
  readonly isStream: boolean;
  readonly shown: Readonly<Record<string, unknown>>;
  readonly outputs?: readonly string[];
}

/** Understands what the builder is given for taps, and for nodes with several inputs or outputs. */
export class DraftedJunctions {
  constructor(
    private readonly draft: GraphDraft,
    private readonly nodes: DraftedNodes,
  ) {}

  addTap(look: unknown, options: string | object | undefined): AnyHandle {
    this.draft.assertOpen();
    const { from, ...given } = this.draft.readOptions<GivenOptions & { onError?: unknown }>(options, 'tap');
    const id = this.draft.idFor('tap', given.name, undefined);
    const problems = [
      ...optionProblems(given, rules.tap),
      ...readAheadProblems(given),
      ...(typeof look === 'function' ? [] : ['a function of the item and the context was expected']),
      ...(given.lifetime === undefined ? [] : ["'lifetime' is for a class that the run constructs"]),
      ...(given.onError === 'ignore' && given.errorPolicy !== undefined
        ? ["'errorPolicy' decides about errors that 'onError' ignores; leave one of them out"]
        : []),
    ];
    this.#report(id, problems);
    const ignoresErrors = given.onError === 'ignore';
    const binding: NodeBinding = { how: 'tap', tap: new Tap(look as TapFunction<unknown>), ignoresErrors };
    return this.#add('tap', id, given, from, {
      binding,
      isStream: false,
      shown: shownOptions(given, undefined),
    });
  }

  /** Adds a route, with a handle for each output in `to`. */
  addRoute(
    conditions: RouteConditions<never>,
    options: string | object | undefined,
  ): AnyHandle & { readonly to: Readonly<Record<string, AnyHandle>>; readonly otherwise?: AnyHandle } {
    this.draft.assertOpen();
    const { from, ...given } = this.draft.readOptions<GivenOptions & RouteOptions>(options, 'route');
    const id = this.draft.idFor('route', given.name, undefined);
    const { mode = 'first', otherwise = 'fail' } = given;
    this.#report(id, [
      ...optionProblems(given, rules.route),
      ...conditionProblems(conditions),
      ...fallbackProblems(given.errorPolicy, 'a route'),
    ]);
    const route = new Route(Object(conditions) as RouteConditions<unknown>, mode, otherwise);
    const { outputs } = route;
    const shown = {
      conditions: outputs.filter((name) => name !== OTHERWISE),
      ...shownOptions(given, undefined),
    };
    const binding: NodeBinding = { how: 'route', route };
    const handle = this.#add('route', id, given, from, { binding, isStream: true, shown, outputs });
    const to = Object.fromEntries(outputs.map((name) => [name, this.draft.addOutput(handle, name)]));
    const { [OTHERWISE]: rest, ...named } = to;
    const isEmitted = otherwise === 'emit';
    const doors = Object.freeze(isEmitted ? named : to);
    return this.draft.sameNode(
      handle,
      isEmitted && rest !== undefined ? { to: doors, otherwise: rest } : { to: doors },
    );
  }

  addMerge(options: object): AnyHandle {
    this.draft.assertOpen();
    const { from, ...given } = this.draft.readOptions<
      GivenOptions & { readonly order?: MergeOrder; readonly capacity?: number }
    >(options, 'merge');
    const id = this.draft.idFor('merge', given.name, undefined);
    const origins = Array.isArray(from) ? (from as OutputHandle<unknown>[]) : [];
    const { order = 'arrival' } = given;
    this.#report(id, [
      ...optionProblems(given, rules.merge),
      ...(origins.length === 0 ? ["'from' must be a list of nodes whose items are merged"] : []),
      ...(order === 'arrival' && given.capacity !== undefined
        ? ["'capacity' is about items that wait for others, which none does in order of arrival"]
        : []),
      ...fallbackProblems(given.errorPolicy, 'a merge'),
    ]);
    const { name: _, errorPolicy: __, ...rest } = given;
    if (order === 'arrival') {
      const binding: NodeBinding = { how: 'function', call: (item) => item };
      const handle = this.#add('merge', id, given, undefined, {
        binding,
        isStream: false,
        shown: { ...rest, order },
      });
      for (const origin of new Set(origins)) this.draft.connect(origin, handle);
      return handle;
    }
    const inputs = origins.map((_origin, index) => String(index + 1));
    const operator = mergeOperator(order, inputs, given.capacity ?? defaultCapacity);
    const shown = { ...rest, order: typeof order === 'string' ? order : 'sorted' };
    const binding: NodeBinding = { how: 'operator', operator };
    const handle = this.#add('merge', id, given, undefined, { binding, isStream: true, shown });
    for (const [index, origin] of origins.entries()) this.draft.connect(origin, handle, inputs[index]);
    return handle;
  }

  addJoin(options: object): AnyHandle {
    this.draft.assertOpen();
    const { left, right, ...given } = this.draft.readOptions<
      GivenOptions & { readonly left?: unknown; readonly right?: unknown; readonly kind?: JoinKind }
    >(options, 'join');
    const id = this.draft.idFor('join', given.name, undefined);
    const problems = [
      ...recordProblems(given, rules.join, ['leftKey', 'rightKey', 'kind']),
      ...fallbackProblems(given.errorPolicy, 'a join'),
    ];
    this.#report(id, problems);
    if (problems.length > 0) {
      const misfit = this.draft.addMisfit(id, 'join');
      for (const origin of [left, right])
        if (origin !== undefined) this.draft.connect(origin as OutputHandle<unknown>, misfit);
      return misfit;
    }
    const operator = joinOperator(given as never);
    const binding: NodeBinding = { how: 'operator', operator };
    const handle = this.#add('join', id, given, undefined, {
      binding,
      isStream: true,
      shown: operator.options,
    });
    this.draft.connect(left as OutputHandle<unknown>, handle, 'left');
    this.draft.connect(right as OutputHandle<unknown>, handle, 'right');
    return handle;
  }

  #add(
    kind: NodeKind,
    id: string,
    given: GivenOptions,
    from: unknown,
    { binding, isStream, shown, outputs }: JunctionNode,
  ): AnyHandle {
    const options = resolveOptions(given);
    return this.nodes.place(from as OutputHandle<unknown> | undefined, {
      id,
      kind,
      isStream,
      options,
      shown,
      binding,
      composite: undefined,
      fallbacks: this.nodes.fallbacks(id, options.errorPolicy, 'optional'),
      ...(outputs && { outputs }),
    });
  }

  #report(id: string, problems: readonly string[]): void {
    for (const problem of problems) this.draft.reportOption(id, problem);
  }
}

function conditionProblems(conditions: unknown): string[] {
  if (typeof conditions !== 'object' || conditions === null)
    return ['an object with a condition for each output was expected'];
  const names = Object.keys(conditions);
  if (names.length === 0) return ['at least one condition was expected'];
  return names.flatMap((name) => [
    ...(typeof Reflect.get(conditions, name) === 'function'
      ? []
      : [`the condition '${name}' is no function`]),
    ...(nameProblem(name) === undefined ? [] : [`'${name}' cannot be the name of an output`]),
    // An object has these first, whatever the order in which they were written.
    ...(/^\d+$/.test(name)
      ? [`'${name}' looks like a number, so that the order of the conditions is lost`]
      : []),
    ...(name === OTHERWISE
      ? [`'${OTHERWISE}' is the output for what no condition takes; choose another name`]
      : []),
  ]);
}

/** What stands in for a failed item cannot say where it goes. */
function fallbackProblems(policy: unknown, what: string): string[] {
  return misplacedFallback(policyOf(policy), what);
}
