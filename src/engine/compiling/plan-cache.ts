import type { DefinitionSource } from '../../builder/blueprint.js';
import type { DefinitionEnvironment } from '../../composition/definition-environment.js';
import { describeRoot } from '../../composition/describe-root.js';
import { needsOf } from '../../composition/requirements.js';
import type { TreeNeeds } from '../../composition/requirements.js';
import { matchesReads } from '../../composition/parameter-match.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { RunnerCircuits } from '../../resilience/runner-circuits.js';
import { compilePlan } from './compile-plan.js';
import { PathLedger } from '../execution/path-ledger.js';
import type { Plan } from '../plan/plan.js';
import { RecentPlans } from '../plan/recent-plans.js';
import type { RunReplacement } from './run-replacement.js';

/** The plans of one definition that is run as a root. */
interface RootPlans {
  readonly environment: DefinitionEnvironment;
  readonly recent: RecentPlans<RootPlan>;
}

/** The plan of a root pipeline, with the numbering of all nodes in its tree. */
export interface RootPlan {
  readonly plan: Plan;
  readonly ledger: PathLedger;
  /** Keys and secrets that the tree requires, as far as its children are defined. */
  readonly needs: TreeNeeds;
}

/** Keeps a runner's plans, so that a second run of a definition compiles nothing. */
export class PlanCache {
  readonly #roots = new WeakMap<DefinitionSource, RootPlans>();

  /** @param generateAfter number of uses after which code is generated for a place of a plan. */
  constructor(
    private readonly replacement: RunReplacement | undefined,
    private readonly generateAfter: number,
    private readonly circuits: RunnerCircuits,
  ) {}

  /**
   * Returns the plan of a definition for a run's parameters; compiles it if none fits.
   *
   * @param environment made for this run; a kept plan fits only if the container resolves the same definitions as then.
   * @throws {@link PipelineError} when the definition is wrong.
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
      circuits: this.circuits,
    });
    const rootPlan = { plan, ledger, needs: needsOf(plan.blueprint) };
    root.recent.add(rootPlan);
    this.#roots.set(source, root);
    return rootPlan;
  }
}
