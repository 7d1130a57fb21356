import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { SecretNotFoundError } from '../../../src/errors/secret-not-found-error.js';
import { RunContext } from '../../../src/run/run-context.js';
import type { CarrierHost, RunCarrier } from '../../../src/run/run-carrier.js';
import { Secret } from '../../../src/run/secrets/secret.js';

const sound = {
  version: 1,
  runId: 'run',
  rootRunId: 'root',
  correlationId: 'request',
  secrets: ['API_KEY'],
};

function restore(given: unknown, host?: CarrierHost): RunContext {
  return RunContext.fromCarrier(given as RunCarrier, host);
}

/** What is said about a carrier; fails where it is restored, or refused in another way. */
function refusal(given: unknown, host?: CarrierHost): string {
  try {
    restore(given, host);
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'CARRIER_INVALID') return error.message;
    throw error;
  }
  throw new TypeError('it was restored');
}

function throwing(): never {
  throw new TypeError('not readable');
}

function nested(levels: number): object {
  let data: object = {};
  for (let level = 0; level < levels; level += 1) data = { below: data };
  return data;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('a carrier', () => {
  test('restores what it says', () => {
    const { runId, rootRunId, correlationId, principal } = restore({
      ...sound,
      principal: { user: { name: 'ada' } },
    });

    expect({ runId, rootRunId, correlationId, principal }).toEqual({
      runId: 'run',
      rootRunId: 'root',
      correlationId: 'request',
      principal: { user: { name: 'ada' } },
    });
  });

  test('is read once: what becomes of it later changes nothing', () => {
    const principal = { name: 'ada' };
    const run = restore({ ...sound, principal });
    principal.name = 'bob';

    expect(run.principal).toEqual({ name: 'ada' });
  });

  test.each([undefined, null, 1, 1n, 'carrier', true, Symbol('carrier'), throwing])('is no %s', (given) => {
    expect(refusal(given)).toContain('it is no object');
  });

  test.each([
    [undefined, 'of type undefined'],
    [2, '2'],
    [NaN, 'of type object'],
    ['1', 'of type string'],
    [1n, 'of type object'],
    [{ toJSON: throwing }, 'of type object'],
  ])('of the version %s is refused', (version, found) => {
    expect(refusal({ ...sound, version })).toContain(`its version is ${found}, and this library reads 1`);
  });

  test('is refused with everything that is wrong', () => {
    const given = {
      ...sound,
      runId: '',
      rootRunId: undefined,
      tenantId: 7,
      principal: 'ada',
      secrets: ['API_KEY', 7],
      deadline: '7',
      budget: { tokens: -1, wishes: 3 },
    };
    const message = refusal(given, { expectTenantId: 'acme' });

    for (const problem of [
      "'runId' must be a text that is not empty",
      "'rootRunId' is missing",
      "'tenantId' must be a text that is not empty",
      "'principal' must be a plain object of plain data",
      "'secrets' must be a list of texts that are not empty",
      "'deadline' must be a date and time in ISO 8601, with Z or an offset",
      "'tokens' must be a whole number, 0 or more; there is no option 'wishes'",
      "it is not of the tenant 'acme'",
    ])
      expect(message).toContain(problem);
  });

  const cyclic: { self?: unknown; more?: unknown } = {};
  cyclic.self = cyclic;
  cyclic.more = [cyclic, cyclic];
  const onlyHoles: unknown[] = [];
  onlyHoles.length = 2 ** 32 - 1;

  test.each<[string, unknown]>([
    ['a text', 'ada'],
    ['a number', 7],
    ['null', null],
    ['a list', ['ada']],
    ['a Map', new Map([['name', 'ada']])],
    ['a Date', new Date()],
    ['an instance of a class', new (class User {})()],
    ['a function', throwing],
    ['data with a function', { name: throwing }],
    [
      'data with a getter that throws',
      Object.defineProperty({}, 'name', { enumerable: true, get: throwing }),
    ],
    ['data with a list that is all holes', { names: onlyHoles }],
    ['data without an end', cyclic],
    ['data that are 20,000 levels deep', nested(20_000)],
    ['a proxy', new Proxy({ name: 'ada' }, {})],
    ['a proxy that throws', new Proxy({}, { ownKeys: throwing })],
    ['a revoked proxy', revoked()],
  ])('whose principal is %s is refused', (_, principal) => {
    expect(refusal({ ...sound, principal })).toContain("'principal' must be a plain object of plain data");
  });

  test('may have a principal that names the same data often', () => {
    let data: object = { name: 'ada' };
    for (let level = 0; level < 60; level += 1) data = { left: data, right: data };

    expect(restore({ ...sound, principal: data }).principal).toBeDefined();
  });

  test('is not restored from what its principal says at a second look', () => {
    let looks = 0;
    const principal = {
      get name(): unknown {
        looks += 1;
        return looks === 1 ? 'ada' : new Map();
      },
    };

    expect(refusal({ ...sound, principal })).toContain("'principal' must be");
  });

  test.each(['version', ...Object.keys(sound), 'tenantId', 'principal', 'deadline', 'budget'])(
    'whose %s throws is refused',
    (name) => {
      const given = Object.defineProperty({ ...sound }, name, { get: throwing });

      expect(refusal(given)).toContain(name);
    },
  );

  test('that is a proxy is refused where it throws', () => {
    expect(refusal(new Proxy(sound, { get: throwing }))).toContain('its version');
    expect(refusal(revoked())).toContain('its version');
  });

  test.each<unknown>([
    'API_KEY',
    ['API_KEY', 7],
    [''],
    [undefined],
    { 0: 'API_KEY' },
    [['API_KEY']],
    onlyHoles,
  ])('with the secrets %j is refused', (secrets) => {
    expect(refusal({ ...sound, secrets })).toContain("'secrets' must be a list of texts");
  });

  test('of another tenant is refused, and one of none', () => {
    const host = { expectTenantId: 'acme' };

    expect(restore({ ...sound, tenantId: 'acme' }, host).tenantId).toBe('acme');
    expect(refusal({ ...sound, tenantId: 'other' }, host)).toContain("it is not of the tenant 'acme'");
    expect(refusal(sound, host)).toContain("it is not of the tenant 'acme'");
  });

  test('binds the restored run to its secrets, and says how to get another', async () => {
    const run = restore(sound, { secrets: { resolve: () => Secret.of('a-long-value') } });

    expect((await run.secrets.get('API_KEY')).reveal()).toBe('a-long-value');
    const failure: unknown = await run.secrets.get('OTHER').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SecretNotFoundError);
    expect(String(failure)).toContain('or ask for it before the carrier is made');
  });
});

describe('the deadline of a carrier', () => {
  test.each([
    ['2030-01-02T03:04:05.678Z', '2030-01-02T03:04:05.678Z'],
    ['2030-01-02T03:04:05+02:00', '2030-01-02T01:04:05.000Z'],
    ['2030-01-02T03:04-05:30', '2030-01-02T08:34:00.000Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['+033658-09-27T01:46:40.000Z', '+033658-09-27T01:46:40.000Z'],
  ])('may be %s', (deadline, moment) => {
    expect(restore({ ...sound, deadline }).deadline?.toISOString()).toBe(moment);
  });

  test.each<unknown>([
    '7',
    '',
    '2030',
    '2030-01-02',
    '2030-01-02T03:04:05',
    '2 January 2030',
    '2030-02-30T00:00:00Z',
    '2030-13-01T00:00:00Z',
    '2030-01-02T25:00:00Z',
    '2030-01-02T03:04:05+99:99',
    ' 2030-01-02T03:04:05Z',
    '2030-01-02T03:04:05Z\n',
    '+999999-01-01T00:00:00Z',
    7,
    1e12,
    null,
    new Date(),
    ['2030-01-02T03:04:05Z'],
    { toString: null, valueOf: null },
  ])('is not %j', (deadline) => {
    expect(refusal({ ...sound, deadline })).toContain("'deadline' must be a date and time in ISO 8601");
  });
});

describe('laws of the carrier', () => {
  const text = fc.string({ minLength: 1 });
  const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  /** As JSON writes it, which knows no -0. */
  const asJson = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  const nearly = fc.record(
    {
      version: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>(1) }, fc.jsonValue()),
      runId: fc.oneof(text, fc.jsonValue()),
      rootRunId: fc.oneof(text, fc.jsonValue()),
      correlationId: fc.oneof(text, fc.jsonValue()),
      tenantId: fc.oneof(text, fc.jsonValue()),
      principal: fc.oneof(fc.dictionary(text, fc.jsonValue()), fc.jsonValue()),
      secrets: fc.oneof(fc.array(text), fc.jsonValue()),
      deadline: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.jsonValue(),
      ),
      budget: fc.oneof(fc.record({ tokens: fc.nat() }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const settles = (given: unknown): void => {
    try {
      restore(given);
    } catch (error) {
      expect(error).toMatchObject({ code: 'CARRIER_INVALID' });
    }
  };

  test('any JSON value is restored or refused, and nothing else', () => {
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), nearly), settles));
  });

  test('any other value is restored or refused, and nothing else', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const field = fc.constantFrom('version', ...Object.keys(sound), 'principal', 'deadline', 'budget');
    fc.assert(fc.property(field, anything, (name, value) => settles({ ...sound, [name]: value })));
    fc.assert(fc.property(anything, settles));
  });

  test('a carrier that went through JSON or a thread restores a run with the same carrier', () => {
    const options = fc.record({
      threadId: optional(text),
      tenantId: optional(text),
      followUpToRunId: optional(text),
      parentRunId: optional(text),
      principal: optional(fc.dictionary(text, asJson)),
      secrets: fc.uniqueArray(text),
      deadline: optional(
        fc.date({ noInvalidDate: true, max: new Date(1e15) }).map((date) => date.toISOString()),
      ),
      budget: optional(
        fc.record({ tokens: fc.nat(), money: fc.record({ amount: fc.nat(), currency: text }) }),
      ),
    });
    fc.assert(
      fc.property(options, (given) => {
        const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        const carrier = restore({ ...sound, ...present }).toCarrier();

        expect(carrier).toEqual({ ...sound, ...present });
        for (const copy of [structuredClone(carrier), JSON.parse(JSON.stringify(carrier)) as unknown])
          expect(JSON.stringify(restore(copy).toCarrier())).toBe(JSON.stringify(carrier));
      }),
    );
  });
});
