import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CancelScope } from '../../../../src/run/ending/cancel-scope.js';
import { Redactor } from '../../../../src/run/secrets/redactor.js';
import { SecretAccess } from '../../../../src/run/secrets/secret-access.js';
import { mapSecrets } from '../../../../src/run/secrets/secret-provider.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const scope = new CancelScope('orders');
const open = (): SecretAccess =>
  SecretAccess.open(mapSecrets({ A: 'a value', B: 'b value', C: 'c value' }), new Redactor());

describe('the secrets of a run', () => {
  test('come from the environment where there is no provider, and from nowhere else where there is one', async () => {
    vi.stubEnv('HEIRLINE_TEST_KEY', 'from outside');
    const get = (access: SecretAccess) => access.at('orders', scope).get('HEIRLINE_TEST_KEY');

    expect((await get(SecretAccess.open(undefined, new Redactor()))).reveal()).toBe('from outside');
    await expect(get(open())).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
  });

  test('have the names that were asked for so far', async () => {
    const access = open();
    expect(access.names()).toEqual([]);
    await access.at('orders', scope).get('B');
    await access.at('orders/call', scope).get('A');
    await access
      .at('orders', scope)
      .get('MISSING')
      .catch(() => undefined);

    expect(access.names()).toEqual(['B', 'A', 'MISSING']);
  });

  test('report to the redactor they were opened with', () => {
    const redactor = new Redactor();

    expect(SecretAccess.open(undefined, redactor).narrow([], 'orders').redactor).toBe(redactor);
  });
});

describe('a composite that narrows', () => {
  test('passes on its names and withholds all others, naming itself', async () => {
    const narrowed = open().narrow(['A', 'B'], 'orders/pay');
    const secrets = narrowed.at('orders/pay/call', scope);

    expect((await secrets.get('A')).reveal()).toBe('a value');
    await expect(secrets.get('C')).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      secretName: 'C',
      path: 'orders/pay/call',
      message: expect.stringContaining("'orders/pay'") as string,
    });
    expect(narrowed.names()).toEqual(['A', 'B']);
  });

  test('withholds a name also when others of the run have read it, even fresh, and asks nobody', async () => {
    const access = open();
    await access.at('orders', scope).get('C');
    const secrets = access.narrow(['A'], 'orders/pay').at('orders/pay/call', scope);

    for (const fresh of [false, true]) {
      await expect(secrets.get('C', { fresh })).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
    }
    expect(secrets.audit()).toHaveLength(1);
  });

  test('shares what was read, and the audit, with the run', async () => {
    const resolve = vi.fn(mapSecrets({ A: 'a value' }).resolve);
    const access = SecretAccess.open({ resolve }, new Redactor());
    const narrowed = access.narrow(['A'], 'orders/pay').at('orders/pay', scope);

    expect(await narrowed.get('A')).toBe(await access.at('orders', scope).get('A'));
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(narrowed.audit().map(({ path }) => path)).toEqual(['orders/pay', 'orders']);
  });

  test('does not widen what one above it has narrowed, and the outermost that lacks a name is named', () => {
    const outer = open().narrow(['A', 'B', 'A'], 'outer');
    const inner = outer.narrow(['B', 'C'], 'inner');

    expect(inner.names()).toEqual(['B']);
    expect(['A', 'B', 'C', 'D'].map((name) => inner.narrowedBy(name))).toEqual([
      'inner',
      undefined,
      'outer',
      'outer',
    ]);
    expect(outer.names()).toEqual(['A', 'B']);
  });

  test('keeps a copy of its names', () => {
    const names = ['A'];
    const narrowed = open().narrow(names, 'orders/pay');
    names.push('B');

    expect(narrowed.names()).toEqual(['A']);
  });

  test('lets nothing through with an empty list', () => {
    expect(open().narrow([], 'orders/pay').narrowedBy('constructor')).toBe('orders/pay');
  });

  test('for any nesting: a name passes if every list has it, else the first list without it stops it', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'constructor', '__proto__');

    fc.assert(
      fc.property(fc.array(fc.array(name), { minLength: 1, maxLength: 5 }), name, (lists, asked) => {
        const access = lists.reduce((above, names, depth) => above.narrow(names, String(depth)), open());
        const stopping = lists.findIndex((names) => !names.includes(asked));

        expect(access.narrowedBy(asked)).toBe(stopping === -1 ? undefined : String(stopping));
        expect(access.names().includes(asked)).toBe(stopping === -1);
      }),
    );
  });
});
