import { PipelineError } from './pipeline-error.js';

/**
 * Thrown where a secret is asked for that the provider lacks, or that a composite does not pass on.
 *
 * @example
 * {@includeCode ../../examples/api/secret-not-found-error.ts}
 */
export class SecretNotFoundError extends PipelineError {
  /** The name that was asked for. */
  readonly secretName: string;

  /** @param narrowedBy the path of the composite that withholds the name; without it the provider lacks it. */
  constructor(secretName: string, path: string | undefined, narrowedBy?: string) {
    super('SECRET_NOT_FOUND', {
      path,
      ...(narrowedBy === undefined
        ? {
            problem: `The provider has no secret '${secretName}'.`,
            remedy: "Give it one; the environment counts without a provider, or with fallback: 'env'.",
          }
        : {
            problem: `The secret '${secretName}' is not passed on by '${narrowedBy}'.`,
            remedy:
              'Add the name to the secrets of that composite, or ask for it before the carrier is made.',
          }),
    });
    this.secretName = secretName;
  }

  static {
    this.prototype.name = 'SecretNotFoundError';
  }
}
