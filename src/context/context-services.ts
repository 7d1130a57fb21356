import type { DeadLetterDecorator, DeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { LineageSink } from '../ports/lineage-sink.js';
import type { Logger } from '../ports/logger.js';
import type { CompositeContextConfiguration } from './composite-context-configuration.js';

/** The services of a context that a configuration can switch off for a child, and the logger, which is always shared. */
export interface ServiceOptions {
  readonly executionObserver?: ExecutionObserver | undefined;
  readonly lineageSink?: LineageSink | undefined;
  readonly deadLetterSink?: DeadLetterSink | undefined;
  readonly deadLetterDecorator?: DeadLetterDecorator | undefined;
  readonly logger: Logger;
}

/** An immutable set of services; a child's set is made once per configuration, not per item. */
export class ContextServices implements ServiceOptions {
  readonly executionObserver: ExecutionObserver | undefined;
  readonly lineageSink: LineageSink | undefined;
  readonly deadLetterSink: DeadLetterSink | undefined;
  readonly deadLetterDecorator: DeadLetterDecorator | undefined;
  readonly logger: Logger;
  readonly #narrowed = new Map<CompositeContextConfiguration, ContextServices>();

  constructor(options: ServiceOptions) {
    this.executionObserver = options.executionObserver;
    this.lineageSink = options.lineageSink;
    this.deadLetterSink = options.deadLetterSink;
    this.deadLetterDecorator = options.deadLetterDecorator;
    this.logger = options.logger;
  }

  /** What a child under a configuration gets. */
  narrow(configuration: CompositeContextConfiguration): ContextServices {
    const { inheritExecutionObserver, inheritLineageSink, inheritDeadLetterDecorator } = configuration;
    if (inheritExecutionObserver && inheritLineageSink && inheritDeadLetterDecorator) return this;
    let narrowed = this.#narrowed.get(configuration);
    if (narrowed === undefined) {
      narrowed = new ContextServices({
        executionObserver: inheritExecutionObserver ? this.executionObserver : undefined,
        lineageSink: inheritLineageSink ? this.lineageSink : undefined,
        deadLetterSink: inheritDeadLetterDecorator ? this.deadLetterSink : undefined,
        deadLetterDecorator: inheritDeadLetterDecorator ? this.deadLetterDecorator : undefined,
        logger: this.logger,
      });
      this.#narrowed.set(configuration, narrowed);
    }
    return narrowed;
  }

  /** Writes a line for the framework; a logger that throws changes nothing in the run. */
  report(level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void {
    try {
      this.logger[level](fields, message);
    } catch {
      // Nobody is left to tell.
    }
  }
}
