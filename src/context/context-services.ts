import type { DeadLetterDecorator, DeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import { lineageOf } from '../ports/lineage-options.js';
import type { GivenLineage, LineageOptions } from '../ports/lineage-options.js';
import type { LineageSink } from '../ports/lineage-sink.js';
import type { Logger } from '../ports/logger.js';
import type { RunNarrowing, RunServices } from '../run/run-services.js';
import type { CompositeContextConfiguration } from './composite-context-configuration.js';

/** The services of a context that a configuration can switch off for a child, and the logger, which is always shared. */
export interface ServiceOptions extends GivenLineage {
  readonly executionObserver?: ExecutionObserver | undefined;
  readonly deadLetterSink?: DeadLetterSink | undefined;
  readonly deadLetterDecorator?: DeadLetterDecorator | undefined;
  readonly logger: Logger;
}

/** What a composite says about the services of its children. */
export interface ServiceInheritance {
  readonly configuration: CompositeContextConfiguration;
  /** What its children get less of than the run has; undefined for nothing. */
  readonly narrowing?: RunNarrowing | undefined;
  /** Whether its children have the parent's services as they are. */
  readonly takesAllServices: boolean;
}

/** An immutable set of services; a child's set is made once per composite, not per item. */
export class ContextServices implements ServiceOptions {
  readonly executionObserver: ExecutionObserver | undefined;
  readonly lineage: LineageOptions | undefined;
  readonly deadLetterSink: DeadLetterSink | undefined;
  readonly deadLetterDecorator: DeadLetterDecorator | undefined;
  readonly logger: Logger;
  readonly #narrowed = new Map<ServiceInheritance, ContextServices>();

  constructor(
    options: ServiceOptions,
    /** What the run shares. */
    readonly run: RunServices,
  ) {
    this.executionObserver = options.executionObserver;
    this.lineage = lineageOf(options);
    this.deadLetterSink = options.deadLetterSink;
    this.deadLetterDecorator = options.deadLetterDecorator;
    this.logger = options.logger;
  }

  get lineageSink(): LineageSink | undefined {
    return this.lineage?.sink;
  }

  /** What a child of a composite gets. */
  narrow(inheritance: ServiceInheritance): ContextServices {
    if (inheritance.takesAllServices) return this;
    // A snapshot of the session is of one moment.
    if (inheritance.narrowing?.session === 'snapshot') return this.#narrow(inheritance);
    let narrowed = this.#narrowed.get(inheritance);
    if (narrowed === undefined) {
      narrowed = this.#narrow(inheritance);
      this.#narrowed.set(inheritance, narrowed);
    }
    return narrowed;
  }

  #narrow({ configuration, narrowing }: ServiceInheritance): ContextServices {
    const { inheritExecutionObserver, inheritLineageSink, inheritDeadLetterDecorator } = configuration;
    return new ContextServices(
      {
        executionObserver: inheritExecutionObserver ? this.executionObserver : undefined,
        lineage: inheritLineageSink ? this.lineage : undefined,
        deadLetterSink: inheritDeadLetterDecorator ? this.deadLetterSink : undefined,
        deadLetterDecorator: inheritDeadLetterDecorator ? this.deadLetterDecorator : undefined,
        logger: this.logger,
      },
      narrowing === undefined ? this.run : this.run.narrow(narrowing),
    );
  }
}
