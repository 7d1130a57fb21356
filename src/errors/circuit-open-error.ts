import { PipelineError } from './pipeline-error.js';

/**
 * Thrown in place of a call that a circuit breaker has refused: what the call needs has failed too often of late.
 *
 * @example
 * {@includeCode ../../examples/api/circuit-open-error.ts}
 */
export class CircuitOpenError extends PipelineError {
  /** After how many milliseconds the next call may be let through, as a delay of a retry; 0 while one is on its way. */
  readonly retryAfterMs: number;
  /** The name of the circuit, where its breaker has one. */
  readonly circuit: string | undefined;

  /** @param path the node or composite whose call was refused. */
  constructor(path: string, retryAfterMs: number, circuit?: string) {
    const which = circuit === undefined ? 'The circuit breaker' : `The circuit breaker '${circuit}'`;
    super('CIRCUIT_OPEN', {
      path,
      problem:
        retryAfterMs > 0
          ? `${which} is open, so the call was not made; the next one may be in ${Math.ceil(retryAfterMs)} ms.`
          : `${which} waits for the call that tries whether it may close, so this one was not made.`,
      remedy:
        "Retry after 'retryAfterMs' by an errorPolicy, let items wait by whenOpen: 'wait', or mend what fails behind the node.",
    });
    this.retryAfterMs = retryAfterMs;
    this.circuit = circuit;
  }

  static {
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'CircuitOpenError' });
    this.prototype.name = 'CircuitOpenError';
  }
}
