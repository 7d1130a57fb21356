import { decodeData, encodeReadable } from '../data/codec.js';
import { isArray, isObject, readProperty } from '../data/foreign-value.js';
import type { JsonValue } from '../data/json-value.js';
import type { LineageOutcome, LineageRecord } from '../ports/lineage-sink.js';

/** The parts of a record that hold an item. */
const payloads = ['input', 'output'] as const;

/** Writes a record as one line of JSON, without its end; what is no data in an item becomes a readable text. */
export function lineageLine(record: LineageRecord): string {
  const encoded = payloads
    .filter((name) => Object.hasOwn(record, name))
    .map((name) => [name, encodeReadable(record[name]).encoded] as const);
  return JSON.stringify({ ...record, ...Object.fromEntries(encoded) });
}

/** Reads a line; undefined for one that is damaged, or holds something else. */
export function readLineageLine(text: string): LineageRecord | undefined {
  try {
    const line: unknown = JSON.parse(text);
    if (!isRecord(line)) return undefined;
    const decoded = payloads
      .filter((name) => Object.hasOwn(line, name))
      .map((name) => [name, decodeData(line[name] as JsonValue)] as const);
    return Object.freeze({ ...line, ...Object.fromEntries(decoded) });
  } catch {
    return undefined;
  }
}

const texts = ['correlationId', 'path', 'pipelineId', 'pipelineName', 'runId'];
const optionalTexts = ['key', 'tenantId', 'pipelineVersion'];

/** Every outcome that a record can have. */
const outcomes: Readonly<Record<LineageOutcome, true>> = {
  emitted: true,
  filtered: true,
  deadLettered: true,
  error: true,
  dropped: true,
  joined: true,
  aggregated: true,
  passed: true,
};

/** Whether a value has what readers of records rely on: a file or a table may hold anything. */
function isRecord(value: unknown): value is LineageRecord {
  const contributors = readProperty(value, 'contributors');
  const traversal = readProperty(value, 'traversal');
  return (
    texts.every((name) => typeof readProperty(value, name) === 'string') &&
    optionalTexts.every((name) => ['string', 'undefined'].includes(typeof readProperty(value, name))) &&
    ['attempts', 'at'].every((name) => typeof readProperty(value, name) === 'number') &&
    typeof readProperty(value, 'terminal') === 'boolean' &&
    Object.hasOwn(outcomes, String(readProperty(value, 'outcome'))) &&
    (contributors === undefined ||
      (isArray(contributors) && contributors.every((id) => typeof id === 'string'))) &&
    isArray(traversal) &&
    traversal.every(isHop)
  );
}

function isHop(hop: unknown): boolean {
  return (
    isObject(hop) &&
    ['nodeId', 'path', 'pipelineName'].every((name) => typeof readProperty(hop, name) === 'string') &&
    ['outputs', 'attempts'].every((name) => typeof readProperty(hop, name) === 'number')
  );
}
