import type { JsonObject, JsonValue } from '../data/json-value.js';
import type { CostSummary } from '../run/spending/cost-summary.js';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { RunRecord } from '../runs/run-record.js';

/** What JSON columns must hold: another program, or another version, may have written to them. */

/** Whether a value is an object and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is the costs of a run. */
export function isListOfCosts(value: unknown): value is readonly CostSummary[] {
  const isCost = (cost: JsonValue): boolean =>
    isJsonObject(cost) &&
    hasNumbers(cost, ['inputTokens', 'outputTokens', 'cachedTokens', 'calls']) &&
    (cost['currency'] === null || hasTexts(cost, ['currency'])) &&
    (cost['amount'] === null || hasNumbers(cost, ['amount']));
  return Array.isArray(value) && value.every(isCost);
}

const counters = ['in', 'out', 'filtered', 'deadLettered', 'failed', 'cancelled', 'retried', 'emitted'];

/** Whether a value is the counts of a run's nodes by path. */
export function isTableOfCounts(value: unknown): value is RunRecord['counts'] {
  const isCounts = (counts: JsonValue): boolean =>
    isJsonObject(counts) && hasTexts(counts, ['nodeId', 'pipelineName']) && hasNumbers(counts, counters);
  return isJsonObject(value) && Object.values(value).every(isCounts);
}

/** Whether a value is an event of a log, as far as a store has to know: what it tells is its reader's matter. */
export function isStoredEvent(value: unknown): value is StoredRunEvent {
  return isJsonObject(value) && hasNumbers(value, ['seq', 'at']) && hasTexts(value, ['type']);
}

/** Whether a value is a list of such events. */
export function isListOfEvents(value: unknown): value is readonly StoredRunEvent[] {
  return Array.isArray(value) && value.every(isStoredEvent);
}

function hasTexts(value: JsonObject, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function hasNumbers(value: JsonObject, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'number');
}
