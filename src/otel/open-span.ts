import { context as contexts, SpanStatusCode } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { ErrorRecord } from '../ports/error-record.js';
import type { ActiveScope, CostRecorded, ItemFailed, Outcome } from '../ports/execution-observer.js';
import { SpentTokens } from './spent-tokens.js';

/** So many failed tries are shown at a node's span. */
const MOST_FAILURES = 10;

/** A span that has not ended, active while code runs in it. */
export class OpenSpan implements ActiveScope {
  #failures = 0;
  /** What calls of models have cost; made when one is told. */
  #spent: SpentTokens | undefined;

  constructor(
    readonly span: Span,
    /** Holds the span: that in which code runs, and that of the spans below it. */
    readonly context: Context,
  ) {}

  run<TArguments extends unknown[], TResult>(
    fn: (...args: TArguments) => TResult,
    ...args: TArguments
  ): TResult {
    return contexts.with(this.context, () => fn(...args));
  }

  /** Shows a failed try, if it is one of the first. */
  failed({ error, attempt }: ItemFailed): void {
    this.#failures += 1;
    if (this.#failures <= MOST_FAILURES) this.#show(error, { 'heirline.attempt': attempt });
  }

  /** Adds what a call of a model has cost. */
  spent(cost: CostRecorded): void {
    (this.#spent ??= new SpentTokens()).add(cost);
  }

  /** @param error what the span failed with, where that is known. */
  end(outcome: Outcome, error?: ErrorRecord): void {
    const { span } = this;
    span.setAttributes({ 'heirline.outcome': outcome, ...this.#spent?.attributes });
    if (outcome === 'failed') {
      if (error !== undefined) this.#show(error, {});
      span.setStatus({
        code: SpanStatusCode.ERROR,
        ...(error === undefined ? {} : { message: error.code ?? error.name }),
      });
    }
    span.end();
  }

  /** The error of the framework says what the code has thrown under `cause`. */
  #show({ code, ...error }: ErrorRecord, attributes: Attributes): void {
    const { name, message, stack } = error.cause ?? error;
    this.span.addEvent('exception', {
      'exception.type': name,
      'exception.message': message,
      ...(stack === undefined ? {} : { 'exception.stacktrace': stack }),
      ...(code === undefined ? {} : { 'heirline.error.code': code }),
      ...attributes,
    });
  }
}
