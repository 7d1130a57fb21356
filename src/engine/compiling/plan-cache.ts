import type { DefinitionSource } from '../../builder/blueprint.js';
import type { DefinitionEnvironment } from '../../composition/definition-environment.js';
import { describeRoot } from '../../composition/describe-root.js';
import { needsOf } from '../../composition/requirements.js';
import type { TreeNeeds } from '../../composition/requirements.js';
import { matchesReads } from '../../composition/parameter-match.js';
import type { ContextFrame } from '../../context/context-frame.js';
import { compilePlan } from './compile-plan.js';
import { PathLedger } from '../execution/path-ledger.js';
import type { Plan } from '../plan/plan.js';
import { RecentPlans } from '../plan/recent-plans.js';
import type { RunReplacement } from './run-replacement.js';

/** The plans of one definition at the top of runs. */
interface RootPlans {
  readonly environment: DefinitionEnvironment;
  readonly recent: RecentPlans<RootPlan>;
}

/** A plan with the numbering of all nodes below it: each has its own, which goes with the plan. */
export interface RootPlan {
  readonly plan: Plan;
  readonly ledger: PathLedger;
  /** What the tree must have, as far as it is described. */
  readonly needs: TreeNeeds;
}

/** Keeps a runner's plans, so that a second run of a definition compiles nothing. */
export class PlanCache {
  readonly #roots = new WeakMap<DefinitionSource, RootPlans>();

  /** @param generateAfter after how many uses code is generated for a place of a plan. */
  constructor(
    private readonly replacement: RunReplacement | undefined,
    private readonly generateAfter: number,
  ) {}

  /**
   * The plan of a definition with a run's parameters.
   *
   * @param environment made for this run: a kept plan is used only while the container gives the same definitions.
   * @throws {@link PipelineError} what is wrong with the definition.
   */
  planFor(source: DefinitionSource, frame: ContextFrame, environment: DefinitionEnvironment): RootPlan {
    const kept = this.#roots.get(source);
    const root =
      kept !== undefined && environment.agreesWith(kept.environment)
        ? kept
        : { environment, recent: new RecentPlans<RootPlan>() };
    const reader = { get: (name: string) => frame.entry('parameters', name) };
    const known = root.recent.find(({ plan }) => matchesReads(plan.blueprint.reads, reader));
    if (known !== undefined && !known.ledger.isOutgrown) return known;
    if (known !== undefined) root.recent.remove(known);
    const blueprint = describeRoot(source, frame, root.environment);
    const ledger = new PathLedger();
    const plan = compilePlan(blueprint, {
      ledger,
      describe: root.environment,
      generateAfter: this.generateAfter,
      replacement: this.replacement,
    });
    const rootPlan = { plan, ledger, needs: needsOf(blueprint) };
    root.recent.add(rootPlan);
    this.#roots.set(source, root);
    return rootPlan;
  }
}
