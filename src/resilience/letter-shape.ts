import { types } from 'node:util';
import { isObject, readProperty } from '../data/foreign-value.js';
import { isErrorRecord } from '../ports/error-record.js';
import type { DeadLetterEnvelope, DeadLetterMark } from '../ports/dead-letter-sink.js';

/** What is read from a file or a table may be anything: it is looked at before it counts as a letter. */

const texts = ['path', 'decidedAt', 'runId', 'pipelineId', 'pipelineName'] as const;

const outcomes = ['claimed', 'succeeded', 'failedAgain', 'released'] as const;

/** Whether a value is a letter; one of another version needs to have no more than an id. */
export function isLetter(value: unknown): value is DeadLetterEnvelope {
  if (typeof readProperty(value, 'id') !== 'string') return false;
  if (readProperty(value, 'version') !== 1) return true;
  const context = readProperty(value, 'context');
  return (
    texts.every((name) => typeof readProperty(value, name) === 'string') &&
    typeof readProperty(value, 'attempts') === 'number' &&
    types.isDate(readProperty(value, 'failedAt')) &&
    isErrorRecord(readProperty(value, 'error')) &&
    isObject(readProperty(context, 'parameters')) &&
    isObject(readProperty(context, 'properties')) &&
    isListOfTexts(readProperty(context, 'items')) &&
    isListOfTexts(readProperty(value, 'pipelineNames')) &&
    isListOfObjects(readProperty(value, 'replays'))
  );
}

/** Whether a value is what a replay says about a letter. */
export function isMark(value: unknown): value is DeadLetterMark {
  return (
    outcomes.some((outcome) => outcome === readProperty(value, 'outcome')) &&
    typeof readProperty(value, 'runId') === 'string' &&
    ['attempts', 'at'].every((name) => typeof readProperty(value, name) === 'number')
  );
}

const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

const isListOfObjects = (value: unknown): boolean => Array.isArray(value) && value.every(isObject);
