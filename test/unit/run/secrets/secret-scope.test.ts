import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PipelineError } from '../../../../src/errors/pipeline-error.js';
import { SecretNotFoundError } from '../../../../src/errors/secret-not-found-error.js';
import { systemClock } from '../../../../src/ports/clock.js';
import { CancelScope } from '../../../../src/run/ending/cancel-scope.js';
import { Redactor } from '../../../../src/run/secrets/redactor.js';
import { SecretAccess } from '../../../../src/run/secrets/secret-access.js';
import { mapSecrets } from '../../../../src/run/secrets/secret-provider.js';
import type { SecretProvider } from '../../../../src/run/secrets/secret-provider.js';
import type { SecretScope } from '../../../../src/run/secrets/secret-scope.js';
import { Secret } from '../../../../src/run/secrets/secret.js';
import { misuse } from '../../support/thrown.js';

afterEach(() => {
  vi.useRealTimers();
});

type Answer = Secret | undefined;

/** A provider whose every call is answered by the test, in any order. */
class SlowProvider implements SecretProvider {
  readonly asked: string[] = [];
  readonly #answers: { resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];

  resolve(name: string): Promise<Answer> {
    this.asked.push(name);
    return new Promise((resolve, reject) => {
      this.#answers.push({ resolve, reject });
    });
  }

  answer(call: number, value: string | undefined): void {
    this.#answers[call]?.resolve(value === undefined ? undefined : Secret.of(value));
  }

  fail(call: number, error: unknown): void {
    this.#answers[call]?.reject(error);
  }
}

interface Opened {
  readonly secrets: SecretScope;
  readonly access: SecretAccess;
  readonly scope: CancelScope;
}

/** The secrets of a new run, as a node at 'orders/call' sees them. */
function open(provider: SecretProvider): Opened {
  const scope = new CancelScope('orders');
  const access = SecretAccess.open(provider, new Redactor());
  return { access, scope, secrets: access.at('orders/call', scope) };
}

/** A provider that answers by a function. */
function providing(resolve: (name: string) => unknown): SecretProvider {
  return { resolve: (name) => misuse(resolve(name)) };
}

/** The value that a get gives. */
async function valueOf(get: Promise<Secret>): Promise<string> {
  return (await get).reveal();
}

/** The error that a get rejects with. */
async function failureOf(get: Promise<Secret>): Promise<PipelineError> {
  const error: unknown = await get.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PipelineError) return error;
  throw new TypeError('expected a PipelineError');
}

describe('getting a secret', () => {
  test('asks the provider once per run and name', async () => {
    const resolve = vi.fn((name: string) => Secret.of(`value of ${name}`));
    const { secrets } = open({ resolve });

    expect(await valueOf(secrets.get('A'))).toBe('value of A');
    expect(await secrets.get('A')).toBe(await secrets.get('A'));
    expect(await valueOf(secrets.get('B'))).toBe('value of B');
    expect(resolve.mock.calls).toEqual([['A'], ['B']]);
  });

  test('calls the provider as its method', async () => {
    class Vault implements SecretProvider {
      readonly #value = 'own state';
      resolve(): Secret {
        return Secret.of(this.#value);
      }
    }

    expect(await valueOf(open(new Vault()).secrets.get('A'))).toBe('own state');
  });

  test('shares one call among all who ask at once, in all scopes of the run', async () => {
    const provider = new SlowProvider();
    const { access, scope, secrets } = open(provider);
    const other = access.at('orders/other', new CancelScope('orders/item', scope));
    const gets = [secrets.get('A'), other.get('A'), secrets.get('A')];
    provider.answer(0, 'a value');

    expect(await Promise.all(gets.map(valueOf))).toEqual(['a value', 'a value', 'a value']);
    expect(provider.asked).toEqual(['A']);
  });

  test('makes its value known to the redactor', async () => {
    const { access, secrets } = open(mapSecrets({ A: 'sk-12345678' }));
    expect(access.redactor.isEmpty).toBe(true);
    await secrets.get('A');

    expect(access.redactor.text('key sk-12345678')).toBe('key [secret]');
  });

  test('rejects where the name or the options are wrong, and asks nobody', async () => {
    const provider = new SlowProvider();
    const { secrets } = open(provider);
    const wrong: [unknown, unknown?][] = [
      [''],
      [undefined],
      [4],
      ['A', null],
      ['A', { timeoutMs: 0 }],
      ['A', { fresh: 1 }],
    ];
    for (const [name, options] of wrong) {
      const error = await failureOf(secrets.get(misuse(name), misuse(options)));
      expect(error).toMatchObject({ code: 'OPTION_INVALID', path: 'orders/call' });
    }
    const { message } = await failureOf(secrets.get('', misuse({ fresh: 1, frehs: true })));

    for (const part of ['name', "'fresh'", "'frehs'"]) expect(message).toContain(part);
    expect(provider.asked).toEqual([]);
  });
});

describe('a secret that the provider lacks', () => {
  test('is not found, and is asked for again by the next', async () => {
    const provider = new SlowProvider();
    const { secrets } = open(provider);
    const first = secrets.get('A');
    provider.answer(0, undefined);
    const error = await failureOf(first);
    const second = secrets.get('A');
    provider.answer(1, 'there now');

    expect(error).toBeInstanceOf(SecretNotFoundError);
    expect(error).toMatchObject({ secretName: 'A', path: 'orders/call' });
    expect(await valueOf(second)).toBe('there now');
  });

  test('is not found by each who asked, under the path of each', async () => {
    const provider = new SlowProvider();
    const { access, scope, secrets } = open(provider);
    const gets = [secrets.get('A'), access.at('orders/other', scope).get('A')];
    provider.answer(0, undefined);

    expect(await Promise.all(gets.map(async (get) => (await failureOf(get)).path))).toEqual([
      'orders/call',
      'orders/other',
    ]);
  });
});

describe('a provider that fails', () => {
  test('makes the secret unavailable, with what it threw as cause, and is asked again', async () => {
    for (const thrown of [new Error('no route'), 'a text', undefined]) {
      const resolve = vi
        .fn<() => unknown>()
        .mockImplementationOnce(() => {
          throw thrown;
        })
        .mockRejectedValueOnce(thrown)
        .mockReturnValue(Secret.of('there now'));
      const { secrets } = open(providing(resolve));
      for (let failures = 0; failures < 2; failures += 1) {
        const error = await failureOf(secrets.get('A'));
        expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', path: 'orders/call' });
        expect('cause' in error && error.cause === thrown).toBe(true);
      }

      expect(await valueOf(secrets.get('A'))).toBe('there now');
    }
  });

  test('makes it unavailable where it gives no Secret, without showing what it gave', async () => {
    for (const given of ['sk-12345678', null, { value: 'sk-12345678' }, 4711]) {
      const { access, secrets } = open(providing(() => given));
      const error = await failureOf(secrets.get('A'));

      expect(error.code).toBe('SECRET_UNAVAILABLE');
      expect(error.message).toContain('Secret.of');
      expect(inspect(error)).not.toMatch(/sk-12|4711/);
      expect(access.redactor.isEmpty).toBe(true);
    }
  });
});

describe('a fresh secret', () => {
  test('is asked for again, replaces the old one, and both stay known to the redactor', async () => {
    const values = ['old-value', 'new-value', 'newest-value'];
    const { access, secrets } = open(providing(() => Secret.of(values.shift() ?? 'none left')));
    await secrets.get('A');

    expect(await valueOf(secrets.get('A', { fresh: true }))).toBe('new-value');
    expect(await valueOf(secrets.get('A'))).toBe('new-value');
    expect(access.redactor.text('old-value new-value newest-value')).toBe('[secret] [secret] newest-value');
  });

  test('does not join a call that is under way, and the earlier answer never replaces it', async () => {
    const provider = new SlowProvider();
    const { access, secrets } = open(provider);
    const early = secrets.get('A');
    const fresh = secrets.get('A', { fresh: true });
    provider.answer(1, 'new-value');
    expect(await valueOf(fresh)).toBe('new-value');
    provider.answer(0, 'old-value');

    expect(await valueOf(early)).toBe('old-value');
    expect(await valueOf(secrets.get('A'))).toBe('new-value');
    expect(access.redactor.text('old-value')).toBe('[secret]');
  });

  test('that the provider has no more is gone; one that it failed to give leaves the old one', async () => {
    const resolve = vi
      .fn<() => unknown>()
      .mockReturnValueOnce(Secret.of('the value'))
      .mockRejectedValueOnce(new Error('no'))
      .mockReturnValueOnce('no Secret');
    const { secrets } = open(providing(resolve));
    await secrets.get('A');

    for (let failures = 0; failures < 2; failures += 1) {
      expect((await failureOf(secrets.get('A', { fresh: true }))).code).toBe('SECRET_UNAVAILABLE');
      expect(await valueOf(secrets.get('A'))).toBe('the value');
    }
    expect((await failureOf(secrets.get('A', { fresh: true }))).code).toBe('SECRET_NOT_FOUND');
    expect((await failureOf(secrets.get('A'))).code).toBe('SECRET_NOT_FOUND');
    expect(resolve).toHaveBeenCalledTimes(5);
  });
});

describe('the end of a scope', () => {
  test('rejects every get after it, also of a secret that is known', async () => {
    const { scope, secrets } = open(mapSecrets({ A: 'a value' }));
    await secrets.get('A');
    scope.cancel({ kind: 'user' }, undefined);

    expect(await failureOf(secrets.get('A'))).toBe(scope.reason);
  });

  test('rejects a get that waits, and leaves the call to the others', async () => {
    const provider = new SlowProvider();
    const { access, scope, secrets } = open(provider);
    const item = new CancelScope('orders/item', scope);
    const ended = access.at('orders/other', item).get('A');
    const lasting = secrets.get('A');
    item.cancel({ kind: 'deadline' }, undefined);

    expect(await failureOf(ended)).toBe(item.reason);
    provider.answer(0, 'late value');
    expect(await valueOf(lasting)).toBe('late value');
    expect(provider.asked).toEqual(['A']);
  });

  test('does not lose a late answer: it is kept and known to the redactor', async () => {
    const provider = new SlowProvider();
    const { access, scope, secrets } = open(provider);
    const item = new CancelScope('orders/item', scope);
    const ended = failureOf(access.at('orders/other', item).get('A'));
    item.cancel({ kind: 'user' }, undefined);
    await ended;
    provider.answer(0, 'late value');

    expect(await valueOf(secrets.get('A'))).toBe('late value');
    expect(access.redactor.text('late value')).toBe('[secret]');
    expect(provider.asked).toEqual(['A']);
  });

  test('that the provider itself brings about rejects too', async () => {
    const scope = new CancelScope('orders');
    const provider = providing(() => {
      scope.cancel({ kind: 'shutdown' }, undefined);
      return new Promise(() => undefined);
    });
    const secrets = SecretAccess.open(provider, new Redactor()).at('orders/call', scope);

    expect(await failureOf(secrets.get('A'))).toBe(scope.reason);
  });

  test('leaves no unhandled rejection of a call that fails after it', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const provider = new SlowProvider();
      const { scope, secrets } = open(provider);
      const ended = failureOf(secrets.get('A'));
      scope.cancel({ kind: 'user' }, undefined);
      await ended;
      provider.fail(0, new Error('too late'));
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('unhandledRejection', unhandled);
    }

    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('a provider that does not answer', () => {
  test('makes the secret unavailable after 30 seconds, or after the time given', async () => {
    vi.useFakeTimers();
    const { secrets } = open(new SlowProvider());
    const settled: string[] = [];
    const watch = (name: string, get: Promise<Secret>): void => {
      void failureOf(get).then(({ code }) => settled.push(`${name}: ${code}`));
    };
    watch('A', secrets.get('A'));
    watch('B', secrets.get('B', { timeoutMs: 10 }));

    await vi.advanceTimersByTimeAsync(9);
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toEqual(['B: SECRET_UNAVAILABLE']);
    await vi.advanceTimersByTimeAsync(29_989);
    expect(settled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toEqual(['B: SECRET_UNAVAILABLE', 'A: SECRET_UNAVAILABLE']);
  });

  test('is asked again by the next get, and its late answer serves whoever still waits', async () => {
    vi.useFakeTimers();
    const provider = new SlowProvider();
    const { secrets } = open(provider);
    const hasty = failureOf(secrets.get('A', { timeoutMs: 10 }));
    const patient = secrets.get('A');
    await vi.advanceTimersByTimeAsync(10);
    expect((await hasty).message).toContain('within 10 ms');

    const next = secrets.get('A');
    expect(provider.asked).toEqual(['A', 'A']);
    provider.answer(0, 'late value');
    expect(await valueOf(patient)).toBe('late value');
    provider.answer(1, 'next value');
    expect(await valueOf(next)).toBe('next value');
  });

  test('is asked again when everybody who asked before has left without waiting for the timeout', async () => {
    vi.useFakeTimers();
    const provider = new SlowProvider();
    const { access, scope, secrets } = open(provider);
    const item = new CancelScope('orders/item', scope);
    const ended = failureOf(access.at('orders/other', item).get('A'));
    item.cancel({ kind: 'deadline' }, undefined);
    await ended;
    await vi.advanceTimersByTimeAsync(30_000);

    const next = secrets.get('A');
    provider.answer(1, 'the value');
    expect(await valueOf(next)).toBe('the value');
  });

  test('leaves neither timer nor watcher behind, however the get ends', async () => {
    vi.useFakeTimers();
    const provider = new SlowProvider();
    const { access, secrets } = open(provider);
    let watchers = 0;
    const watched = {
      reason: undefined,
      clock: systemClock,
      watch: () => {
        watchers += 1;
        return () => {
          watchers -= 1;
        };
      },
    };
    const answered = access.at('orders', watched).get('A');
    const failed = failureOf(access.at('orders', watched).get('B'));
    const late = failureOf(access.at('orders', watched).get('C', { timeoutMs: 5 }));
    expect([watchers, vi.getTimerCount()]).toEqual([3, 3]);
    provider.answer(0, 'a value');
    provider.fail(1, new Error('no'));
    await vi.advanceTimersByTimeAsync(5);
    await Promise.all([answered, failed, late]);
    await secrets.get('A');

    expect([watchers, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe('the audit', () => {
  test('lists every read that was answered, of the whole run, in order', async () => {
    vi.useFakeTimers({ now: 1000 });
    const { access, scope, secrets } = open(mapSecrets({ A: 'a value', B: 'b value' }));
    await secrets.get('A');
    vi.advanceTimersByTime(1000);
    await access.at('orders/other', scope).get('B');
    await failureOf(secrets.get('MISSING'));
    await secrets.get('A');

    expect(secrets.audit()).toEqual([
      { name: 'A', path: 'orders/call', at: new Date(1000) },
      { name: 'B', path: 'orders/other', at: new Date(2000) },
      { name: 'A', path: 'orders/call', at: new Date(2000) },
    ]);
    expect(access.at('elsewhere', scope).audit()).toEqual(secrets.audit());
  });

  test('cannot be changed from outside', async () => {
    const { secrets } = open(mapSecrets({ A: 'a value' }));
    await secrets.get('A');
    const audit = secrets.audit();
    misuse<unknown[]>(audit).length = 0;

    expect(secrets.audit()).toHaveLength(1);
    expect(Object.isFrozen(secrets.audit()[0])).toBe(true);
  });

  test('lists after 10,000 reads only the first of each name and path', async () => {
    const { access, scope, secrets } = open(mapSecrets({ A: 'a value', B: 'b value' }));
    for (let read = 0; read < 10_005; read += 1) await secrets.get('A');
    expect(secrets.audit()).toHaveLength(10_000);

    for (let read = 0; read < 3; read += 1) {
      await secrets.get('B');
      await access.at('orders/late', scope).get('A');
    }
    expect(
      secrets
        .audit()
        .slice(10_000)
        .map(({ name, path }) => [name, path]),
    ).toEqual([
      ['B', 'orders/call'],
      ['A', 'orders/late'],
    ]);
  });
});
