import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { canHoldOptions } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import { ItemOperator } from '../nodes/item-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import { nameProblem } from './node-name.js';

/** What the node of an operator is called, with a number behind; undefined for an operator whose kind is no name. */
export function operatorName(operator: StreamOperator<unknown, unknown> | undefined): string | undefined {
  const kind = readProperty(operator, 'kind');
  return typeof kind === 'string' && nameProblem(kind) === undefined ? kind : undefined;
}

/** What an operator is, and its options, as data for drawings and tools. */
export function operatorShown(operator: StreamOperator<unknown, unknown>): Readonly<Record<string, unknown>> {
  const options = readProperty(operator, 'options');
  return { operator: operatorName(operator) ?? 'operator', ...(canHoldOptions(options) ? options : {}) };
}

/** What an operator cannot do with a policy. */
export function operatorProblems(
  operator: StreamOperator<unknown, unknown>,
  policy: ErrorPolicy<unknown> | undefined,
): string[] {
  const ours = isInstanceOf(operator, ItemOperator) || isInstanceOf(operator, FlowOperator);
  if (ours && operator.traits.takesFallback === true) return [];
  return misplacedFallback(policy, `'${operatorName(operator) ?? 'this operator'}'`);
}

/** What is wrong with a policy whose fallback makes an output that a node cannot place. */
export function misplacedFallback(policy: ErrorPolicy<unknown> | undefined, node: string): string[] {
  return policy !== undefined && policy.fallbacks.length > 0
    ? [`'errorPolicy' with a fallback makes an output of a failed item, which ${node} cannot place`]
    : [];
}
