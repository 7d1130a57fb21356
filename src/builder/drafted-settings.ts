import { readProperty } from '../data/foreign-value.js';
import { expectedBy, invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import { toleranceOf, toleranceProblems } from '../resilience/tolerance.js';
import type { ToleranceOptions } from '../resilience/tolerance.js';
import type { PipelineSettings } from './blueprint.js';
import type { GraphDraft } from './graph-draft.js';
import { isPolicy, policyOf } from './option-shapes.js';
import { problemOfError } from './problem-of-error.js';

/** How far a pipeline's default policy reaches. */
export interface DefaultPolicyOptions {
  /** Whether it decides in the sub-pipelines too, unless they have a default of their own. Default `false`. */
  readonly children?: boolean | undefined;
}

/** Understands what a builder is told about its pipeline as a whole, and notes it in the draft. */
export class DraftedSettings {
  readonly #called = new Set<keyof PipelineSettings>();

  constructor(private readonly draft: GraphDraft) {}

  /** Sets what decides about nodes without a policy of their own. */
  setErrorPolicy(given: unknown, options: object): void {
    const problems = optionProblems(options, { children: rule.boolean });
    const expected = expectedBy(isPolicy, given);
    if (expected !== undefined) problems.push(`${expected} was expected`);
    const policy = policyOf(given);
    if (policy !== undefined && policy.pipelines.length > 0)
      problems.push('a fallback that is a pipeline belongs to one node; give it in the policy of that node');
    const children = readProperty(options, 'children') === true;
    this.#set('errorPolicy', problems, policy && { policy, children });
  }

  /** Sets how many lost items do not fail the pipeline. */
  setTolerance(given: unknown): void {
    const problems = toleranceProblems(given);
    const tolerance = problems.length > 0 ? undefined : toleranceOf(given as ToleranceOptions);
    this.#set('tolerate', problems, tolerance);
  }

  /** Notes a setting; a wrong one, and a second one, are problems. */
  #set<TName extends keyof PipelineSettings>(
    name: TName,
    wrong: readonly string[],
    value: PipelineSettings[TName],
  ): void {
    this.draft.assertOpen();
    const { path, settings } = this.draft;
    const again = this.#called.has(name) ? ['it was called before, and can be called once'] : [];
    this.#called.add(name);
    settings[name] ??= value;
    const problems = [...wrong, ...again];
    if (problems.length === 0) return;
    this.draft.problems.push(
      problemOfError(invalidOption(`the builder's ${name}`, problems.join('; '), path), path),
    );
  }
}
