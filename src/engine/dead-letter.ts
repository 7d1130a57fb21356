import { randomUUID } from 'node:crypto';
import type { ContextFrame } from '../context/context-frame.js';
import type { PipelineError } from '../errors/pipeline-error.js';
import type {
  DeadLetterContext,
  DeadLetterDecorator,
  DeadLetterEnvelope,
} from '../ports/dead-letter-sink.js';
import { toErrorRecord } from '../ports/error-record.js';
import { sinkRejected } from './engine-errors.js';
import type { Execution } from './execution.js';
import type { FailedTry } from './failed-try.js';
import type { NodeStage } from './stage.js';

/** Sends an item to the dead-letter sink in scope; gives the error of a sink or decorator that failed. */
export async function writeDeadLetter(
  execution: Execution,
  stage: NodeStage,
  failed: FailedTry,
): Promise<PipelineError | undefined> {
  const { deadLetterSink, deadLetterDecorator, run } = execution.frame.services;
  try {
    const envelope = envelopeOf(execution, stage, failed);
    const complete = deadLetterDecorator === undefined ? envelope : decorated(deadLetterDecorator, envelope);
    await deadLetterSink?.write(run.redactor.data(complete));
    return undefined;
  } catch (thrown) {
    return sinkRejected(stage.site.path, 'dead-letter sink', thrown);
  }
}

function decorated(decorate: DeadLetterDecorator, envelope: DeadLetterEnvelope): DeadLetterEnvelope {
  const made: unknown = decorate(envelope);
  if (typeof made === 'object' && made !== null) return made as DeadLetterEnvelope;
  throw new TypeError('the deadLetterDecorator returned no envelope');
}

function envelopeOf(
  execution: Execution,
  stage: NodeStage,
  { error, item, trace, attempt, frame }: FailedTry,
): DeadLetterEnvelope {
  return Object.freeze({
    id: randomUUID(),
    item,
    error: toErrorRecord(error),
    path: error.path ?? stage.site.path,
    decidedAt: stage.site.path,
    runId: execution.frame.identity.get('runId'),
    pipelineId: execution.frame.pipelineId,
    pipelineName: execution.frame.site.pipelineName,
    ...(trace === undefined ? {} : { correlationId: trace.correlationId }),
    attempts: attempt,
    failedAt: new Date(),
    context: contextData(frame ?? execution.frame),
  });
}

function contextData(frame: ContextFrame): DeadLetterContext {
  return Object.freeze({
    parameters: frame.dictionary('parameters').toObject(),
    properties: frame.dictionary('properties').toObject(),
    items: [...frame.dictionary('items').keys()],
  });
}
