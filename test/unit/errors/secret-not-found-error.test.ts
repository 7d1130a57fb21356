import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { SecretNotFoundError } from '../../../src/errors/secret-not-found-error.js';

describe('SecretNotFoundError', () => {
  test('names the secret and the place', () => {
    const error = new SecretNotFoundError('API_KEY', 'orders/call');

    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({
      name: 'SecretNotFoundError',
      code: 'SECRET_NOT_FOUND',
      path: 'orders/call',
      secretName: 'API_KEY',
    });
    expect(error.message).toMatch(/^orders\/call: The provider has no secret 'API_KEY'\. .*fallback: 'env'/);
  });

  test('names the composite that withholds it, and not the provider', () => {
    const error = new SecretNotFoundError('API_KEY', 'orders/pay/call', 'orders/pay');

    expect(error.message).toContain("The secret 'API_KEY' is not passed on by 'orders/pay'.");
    expect(error.message).not.toContain('provider');
  });

  test('says what to do where a composite withholds it, and where a carrier does', () => {
    expect(new SecretNotFoundError('API_KEY', 'orders/call', 'the carrier').message).toContain(
      "The secret 'API_KEY' is not passed on by 'the carrier'. " +
        'Add the name to the secrets of that composite, or ask for it before the carrier is made.',
    );
  });
});
