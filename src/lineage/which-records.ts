import { checkArgument, recordRule, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import type { LineageRecord } from '../ports/lineage-sink.js';
import type { LineageForgetOptions, LineagePruneOptions } from '../ports/queryable-lineage-sink.js';

const pruned = recordRule("'before'", { before: rule.milliseconds }, ['before']);

const forgotten = recordRule("'runId', 'tenantId' or both", { runId: rule.text, tenantId: rule.text });

const hasCondition: OptionRule = (value) => {
  const { runId, tenantId } = (value ?? {}) as LineageForgetOptions;
  return runId === undefined && tenantId === undefined ? "'runId', 'tenantId' or both" : forgotten(value);
};

/**
 * The moment before which records are pruned.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function pruneLimit(options: LineagePruneOptions): number {
  checkArgument('prune of a lineage sink', options, pruned);
  return options.before;
}

/**
 * The conditions by which records are forgotten: one at least, so that a slip does not empty a sink.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 */
export function forgetConditions(options: LineageForgetOptions): LineageForgetOptions {
  checkArgument('forget of a lineage sink', options, hasCondition);
  return options;
}

/** Whether a record meets all conditions. */
export function isForgotten(record: LineageRecord, { runId, tenantId }: LineageForgetOptions): boolean {
  return (
    (runId === undefined || record.runId === runId) &&
    (tenantId === undefined || record.tenantId === tenantId)
  );
}

/** The paths of the nodes that a record names, each once. */
export function pathsOf({ path, traversal }: LineageRecord): ReadonlySet<string> {
  return new Set([path, ...traversal.map((hop) => hop.path)]);
}
