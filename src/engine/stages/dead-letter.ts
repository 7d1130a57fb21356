import { randomUUID } from 'node:crypto';
import { ignoreRejection, isThenable } from '../../data/foreign-value.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type {
  DeadLetterContext,
  DeadLetterDecorator,
  DeadLetterEnvelope,
} from '../../ports/dead-letter-sink.js';
import { toErrorRecord } from '../../ports/error-record.js';
import { sinkRejected } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { FailedTry } from './failed-try.js';
import type { WaitingLetter } from '../execution/held-letters.js';
import type { NodeStage } from './stage.js';

/**
 * Sends a failed item to the dead-letter sink in scope, or has it wait for the try around it, if that may be repeated.
 *
 * Gives the error of a sink or decorator that failed, or of a try that holds too many; that ends the run.
 */
export function sendDeadLetter(
  execution: Execution,
  stage: NodeStage,
  failed: FailedTry,
): Promise<PipelineError | undefined> | PipelineError | undefined {
  const letter = new DeadLetter(execution, stage, failed.error, envelopeOf(execution, stage, failed));
  const { repeatableTry } = execution;
  if (repeatableTry === undefined) return letter.leave();
  const refusal = repeatableTry.hold(letter);
  if (refusal === undefined) letter.wait();
  return refusal;
}

/** A failed item on its way to the dead-letter sink; its node counts it when its way ends. */
class DeadLetter implements WaitingLetter {
  #isHeld = false;
  #hasEnded = false;

  constructor(
    private readonly execution: Execution,
    private readonly stage: NodeStage,
    private readonly error: PipelineError,
    private readonly envelope: DeadLetterEnvelope,
  ) {}

  /** Notes that the item has not ended yet: its letter is held, unless it was given up at once. */
  wait(): void {
    if (this.#hasEnded) return;
    this.#isHeld = true;
    this.stage.counter(this.execution).waiting += 1;
  }

  async leave(): Promise<PipelineError | undefined> {
    const { execution, stage, error } = this;
    const rejection = await this.#write();
    if (rejection !== undefined) return rejection;
    this.#end('deadLettered');
    if (execution.hears('itemDeadLettered')) {
      stage.tell(execution, 'itemDeadLettered', { error: toErrorRecord(error) });
    }
    return undefined;
  }

  refused(): void {
    this.#end('failed');
  }

  giveUp(): void {
    this.#end('cancelled');
  }

  #end(how: 'deadLettered' | 'failed' | 'cancelled'): void {
    const counter = this.stage.counter(this.execution);
    if (how === 'cancelled') this.stage.cancelled(this.execution);
    else counter[how] += 1;
    this.#hasEnded = true;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    counter.waiting -= 1;
  }

  async #write(): Promise<PipelineError | undefined> {
    const { path } = this.stage.site;
    const { deadLetterSink, deadLetterDecorator, run } = this.execution.frame.services;
    let { envelope } = this;
    try {
      if (deadLetterDecorator !== undefined) envelope = decorated(deadLetterDecorator, envelope);
    } catch (thrown) {
      return sinkRejected(path, 'deadLetterDecorator', thrown);
    }
    try {
      await deadLetterSink?.write(run.redactor.data(envelope));
      return undefined;
    } catch (thrown) {
      return sinkRejected(path, 'dead-letter sink', thrown);
    }
  }
}

function decorated(decorate: DeadLetterDecorator, envelope: DeadLetterEnvelope): DeadLetterEnvelope {
  const made: unknown = decorate(envelope);
  if (isThenable(made)) {
    ignoreRejection(made);
    throw new TypeError('it gave a promise, but the envelope is needed at once');
  }
  if (typeof made === 'object' && made !== null) return made as DeadLetterEnvelope;
  throw new TypeError('it gave no envelope');
}

function envelopeOf(
  execution: Execution,
  stage: NodeStage,
  { error, item, trace, attempt, frame }: FailedTry,
): DeadLetterEnvelope {
  const failedIn = frame ?? execution.frame;
  return Object.freeze({
    version: 1 as const,
    id: randomUUID(),
    item,
    error: toErrorRecord(error),
    path: error.path ?? stage.site.path,
    decidedAt: stage.site.path,
    runId: execution.frame.identity.get('runId'),
    pipelineId: execution.frame.pipelineId,
    pipelineName: execution.frame.site.pipelineName,
    pipelineNames: pipelineNames(failedIn),
    ...(trace === undefined ? {} : { correlationId: trace.correlationId }),
    attempts: attempt,
    failedAt: new Date(execution.scope.clock.now()),
    context: contextData(failedIn),
    ...(stage.mapsItems ? { mapped: true as const } : {}),
    replays: Object.freeze([]),
  });
}

/** The pipelines along the path of a frame, one per part of it. */
function pipelineNames(frame: ContextFrame): readonly string[] {
  const names: string[] = [];
  for (let each: ContextFrame | undefined = frame; each !== undefined; each = each.parent) {
    names.unshift(each.site.pipelineName);
    // A fallback stands below a node, which is a part of the path, but no pipeline.
    if (each.parent !== undefined && partsOf(each) > partsOf(each.parent) + 1) names.unshift('');
  }
  return Object.freeze(names);
}

function partsOf({ path }: ContextFrame): number {
  return path.split('/').length;
}

function contextData(frame: ContextFrame): DeadLetterContext {
  return Object.freeze({
    parameters: frame.dictionary('parameters').toObject(),
    properties: frame.dictionary('properties').toObject(),
    items: [...frame.dictionary('items').keys()],
  });
}
