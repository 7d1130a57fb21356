import type { Blueprint, CompositeBlueprint } from '../../builder/blueprint.js';
import { describeDefinition, factsOf } from '../../builder/describe-definition.js';
import type { DescribeEnvironment } from '../../builder/describe-definition.js';
import { mandatoryOf } from '../../builder/passing-keys.js';
import { matchesReads } from '../../composition/parameter-match.js';
import { parseRequired, requireKeys } from '../../composition/requirements.js';
import type { BaseLayers } from '../../context/base-layers.js';
import type { ChildInheritance } from '../../context/child-inheritance.js';
import type { ChildSite, ContextFrame } from '../../context/context-frame.js';
import { stack } from '../../context/layer.js';
import type { Layer } from '../../context/layer.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { PipelineValidationError } from '../../errors/pipeline-validation-error.js';
import type { ChildPlan, Plan } from './plan.js';
import { RecentPlans } from './recent-plans.js';

/** The plans of one composite's child: a single one, unless `define` reads parameters that change. */
export class ChildPlans {
  readonly recent = new RecentPlans<ChildPlan>();
  /** Cache of {@link settled}, which is read for every child. */
  #settled: ChildPlan | undefined;

  /** @param site used for a child's context until its plan is known: only the keys that `define` may see reach it. */
  constructor(
    private readonly composite: CompositeBlueprint,
    readonly site: ChildSite,
    private readonly environment: DescribeEnvironment,
    private readonly compile: (blueprint: Blueprint) => Plan,
  ) {
    const { child, passes } = composite;
    if (child !== undefined) this.recent.add(this.#planOf(child, passes, undefined));
  }

  /** The child's only possible plan; undefined if `define` reads parameters, or has not been called. */
  get settled(): ChildPlan | undefined {
    return (this.#settled ??= this.#onlyPlan());
  }

  #onlyPlan(): ChildPlan | undefined {
    const { latest } = this.recent;
    // `define` has read no parameter, so its result cannot change.
    return latest?.plan.blueprint.reads.size === 0 ? latest : undefined;
  }

  /**
   * Returns the plan for a child's parameters. Calls `define` again if a parameter that it read has changed.
   *
   * @param frame the child's context, with the keys that `define` may see.
   * @param from the parent's layers that this context was made from.
   * @throws {@link PipelineError} the error that building the pipeline would have thrown.
   */
  select(frame: ContextFrame, from: BaseLayers): ChildPlan {
    const parameters = { get: (name: string) => frame.entry('parameters', name) };
    const known = this.recent.find(({ plan }) => matchesReads(plan.blueprint.reads, parameters));
    if (known !== undefined) return known;
    const { composite, site } = this;
    const { inheritance } = composite;
    requireKeys(composite.requires, frame, site.path);
    const layer = frame.layer('parameters');
    const above = (inherited: Layer): Layer =>
      inheritance.parameters.isByContract ? stack(inherited, layer.all()) : layer;
    const described = describeDefinition({
      source: composite.definition,
      facts: factsOf(composite.definition),
      name: site.pipelineName,
      path: site.path,
      ancestors: composite.ancestors,
      parameters,
      reachable: above(inheritance.parameters.openLayer(from.parameters)),
      layerWith: (through) => above(inheritance.reaching(through).parameters.layerFor(from.parameters)),
      secrets: frame.services.run.secrets.narrowed,
      environment: this.environment,
    });
    if (described.outcome === 'invalid') {
      throw described.error ?? new PipelineValidationError(site.path, described.problems);
    }
    if (described.outcome === 'waiting') throw this.#unmet(described.parameter, frame);
    const { blueprint } = described;
    const made = this.#planOf(blueprint, inheritance.reaching(blueprint.through), site.pipelineName);
    this.recent.add(made);
    return made;
  }

  /**
   * Checks that a starting child has every required key, and parses the values that have a schema.
   *
   * @throws {@link PipelineError} `CONTEXT_REQUIREMENT_UNMET` when a key is missing, `CONTEXT_VALUE_INVALID` when a
   * value does not fit its schema.
   */
  requireKeys({ requires, late }: ChildPlan, frame: ContextFrame): void {
    const { composite, site } = this;
    if (requires.length > 0 && !frame.holdsAll(requires)) {
      requireKeys(composite.requires, frame, site.path);
      requireKeys(requires, frame, site.path, late);
    }
    if (composite.requiredSchemas.length > 0) parseRequired(composite.requiredSchemas, frame, site.path);
  }

  #planOf(blueprint: Blueprint, passes: ChildInheritance, late: string | undefined): ChildPlan {
    const { composite, site } = this;
    return {
      plan: this.compile(blueprint),
      site:
        passes === composite.inheritance ? site : { ...site, child: { ...site.child, inheritance: passes } },
      requires: [...composite.requires, ...mandatoryOf(blueprint.through)],
      late,
    };
  }

  #unmet(parameter: string, frame: ContextFrame): PipelineError {
    return new PipelineError('CONTEXT_REQUIREMENT_UNMET', {
      path: this.site.path,
      problem: `'define' requires the parameter '${parameter}', which is absent.`,
      remedy: frame.hintFor('parameters', parameter) ?? 'Give it before the composite gets its first item.',
    });
  }
}
