import type { Blueprint, CompositeBlueprint } from '../builder/blueprint.js';
import { describeDefinition, factsOf } from '../builder/describe-definition.js';
import type { DescribeEnvironment } from '../builder/describe-definition.js';
import { matchesReads } from '../composition/parameter-match.js';
import type { ContextFrame } from '../context/context-frame.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { PipelineValidationError } from '../errors/pipeline-validation-error.js';
import type { Plan } from './plan.js';
import { RecentPlans } from './recent-plans.js';

/** The plans of one composite's child: one, unless `define` reads parameters that change. */
export class ChildPlans {
  readonly recent = new RecentPlans<Plan>();

  constructor(
    private readonly composite: CompositeBlueprint,
    private readonly name: string,
    private readonly path: string,
    private readonly environment: DescribeEnvironment,
    private readonly compile: (blueprint: Blueprint) => Plan,
  ) {
    if (composite.child !== undefined) this.recent.add(compile(composite.child));
  }

  /**
   * The plan that fits a child's parameters; `define` runs again if one that it read has changed.
   *
   * @throws {@link PipelineError} what building would have thrown.
   */
  select(frame: ContextFrame): Plan {
    const { latest } = this.recent;
    // Nothing was read: nothing can change.
    return latest !== undefined && latest.blueprint.reads.size === 0 ? latest : this.#selectByReads(frame);
  }

  #selectByReads(frame: ContextFrame): Plan {
    const parameters = { get: (name: string) => frame.dictionary('parameters').entry(name) };
    const known = this.recent.find((plan) => matchesReads(plan.blueprint.reads, parameters));
    if (known !== undefined) return known;
    const described = describeDefinition({
      source: this.composite.definition,
      facts: factsOf(this.composite.definition),
      name: this.name,
      path: this.path,
      ancestors: this.composite.ancestors,
      parameters,
      layer: frame.layer('parameters'),
      secrets: frame.services.run.secrets.narrowed,
      environment: this.environment,
    });
    if (described.outcome === 'invalid') {
      throw described.error ?? new PipelineValidationError(this.path, described.problems);
    }
    if (described.outcome === 'waiting') throw this.#unmet(described.parameter, frame);
    const plan = this.compile(described.blueprint);
    this.recent.add(plan);
    return plan;
  }

  #unmet(parameter: string, frame: ContextFrame): PipelineError {
    return new PipelineError('CONTEXT_REQUIREMENT_UNMET', {
      path: this.path,
      problem: `'define' requires the parameter '${parameter}', which is absent.`,
      remedy: frame.hintFor('parameters', parameter) ?? 'Give it before the composite gets its first item.',
    });
  }
}
