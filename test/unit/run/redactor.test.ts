import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineError } from '../../../src/errors/pipeline-error.js';
import { RunCancelledError } from '../../../src/errors/run-cancelled-error.js';
import { Redactor } from '../../../src/run/redactor.js';

const value = 'sk-12345678';

function knowing(...values: string[]): Redactor {
  const redactor = new Redactor();
  for (const known of values) redactor.add(known);
  return redactor;
}

function failure(text: string, more: { cause?: unknown } = {}): PipelineError {
  return new PipelineError('NODE_FAILED', { problem: `It said ${text}.`, remedy: 'Mend it.', ...more });
}

describe('a text', () => {
  test('loses every known value', () => {
    expect(knowing(value, 'other-secret').text(`a ${value} b other-secret c ${value}`)).toBe(
      'a [secret] b [secret] c [secret]',
    );
  });

  test('loses the longest of values that lie within one another', () => {
    const redactor = knowing('12345678', 'ab12345678', '12345678cd', 'ab12345678cd');

    expect(redactor.text('ab12345678cd 12345678cd ab12345678 12345678')).toBe(
      '[secret] [secret] [secret] [secret]',
    );
  });

  test('loses a value escaped for JSON and one encoded for a URL', () => {
    const awkward = 'p&ss "wörd"\n\\end';
    const redactor = knowing(awkward);

    expect(redactor.text(JSON.stringify({ awkward }))).toBe('{"awkward":"[secret]"}');
    expect(redactor.text(`https://host/?key=${encodeURIComponent(awkward)}&n=1`)).toBe(
      'https://host/?key=[secret]&n=1',
    );
  });

  test('takes a value as it is, whatever its characters mean in a pattern or a replacement', () => {
    const awkward = '^a.*(b|c)+[$&]{2}\\d-$1?';

    expect(knowing(awkward).text(`<${awkward}> a.b`)).toBe('<[secret]> a.b');
  });

  test('may hold a value with half a character in it', () => {
    expect(knowing('half \ud800 a character').text('<half \ud800 a character>')).toBe('<[secret]>');
    expect(knowing('half \ud800 a character').text('half%20%EF%BF%BD%20a%20character')).toBe('[secret]');
  });

  test('keeps values of fewer than 8 characters', () => {
    const redactor = knowing('1234567', '');

    expect(redactor.isEmpty).toBe(true);
    expect(redactor.text('1234567')).toBe('1234567');
    redactor.add('12345678');
    expect([redactor.isEmpty, redactor.text('1234567 12345678')]).toEqual([false, '1234567 [secret]']);
  });
});

describe('a redactor below another', () => {
  test('knows its values too, also those that come later, and keeps its own for itself', () => {
    const above = new Redactor();
    const middle = new Redactor(above);
    const below = new Redactor(middle);
    expect(below.isEmpty).toBe(true);

    above.add('from-above');
    expect([below.isEmpty, below.text('from-above from-below')]).toEqual([false, '[secret] from-below']);
    below.add('from-below');
    expect(below.text('from-above from-below')).toBe('[secret] [secret]');
    above.add('later-above');
    expect(below.text('from-above from-below later-above')).toBe('[secret] [secret] [secret]');
    expect(above.text('from-above from-below')).toBe('[secret] from-below');
  });
});

describe('data', () => {
  test('is given back at once where nothing is known, errors included', () => {
    const error = failure(value);
    const data = { value, error };

    expect(new Redactor().data(data)).toBe(data);
    expect(data.error).toBe(error);
  });

  test('loses known values at every place of plain data', () => {
    const key = Symbol('key');
    const data = {
      text: `Bearer ${value}`,
      list: [1, [value]],
      [`name-${value}`]: true,
      map: new Map<unknown, unknown>([
        [value, { value }],
        ['k', value],
      ]),
      set: new Set([value, 'kept']),
      [key]: value,
    };

    expect(knowing(value).data(data)).toEqual({
      text: 'Bearer [secret]',
      list: [1, ['[secret]']],
      'name-[secret]': true,
      map: new Map<unknown, unknown>([
        ['[secret]', { value: '[secret]' }],
        ['k', '[secret]'],
      ]),
      set: new Set(['[secret]', 'kept']),
      [key]: '[secret]',
    });
    expect(data.text).toBe(`Bearer ${value}`);
  });

  test('shares with the source what holds none', () => {
    const clean = { n: 1, list: [new Map([['a', new Set(['b'])]])] };
    const data = { clean, dirty: { value, clean } };
    const redacted = knowing(value).data(data);

    expect(redacted.clean).toBe(clean);
    expect(redacted.dirty).toEqual({ value: '[secret]', clean });
    expect(redacted.dirty.clean).toBe(clean);
    expect(knowing(value).data(clean)).toBe(clean);
  });

  test('keeps cycles and what is there twice', () => {
    interface Knot {
      value?: string;
      self?: Knot;
      others: Knot[];
    }
    const leaf: Knot = { others: [] };
    const knot: Knot = { others: [leaf, leaf] };
    knot.self = knot;
    leaf.others.push(knot);
    expect(knowing(value).data(knot)).toBe(knot);

    leaf.value = value;
    const redacted = knowing(value).data(knot);

    expect(redacted).not.toBe(knot);
    expect(redacted.self).toBe(redacted);
    expect(redacted.others[0]).toBe(redacted.others[1]);
    expect(redacted.others[0]).toMatchObject({ value: '[secret]' });
    expect(redacted.others[0]?.others[0]).toBe(redacted);
  });

  test('loses no entry where two names become the same', () => {
    const record = { [value]: 1, 'other-secret': 2, '[secret]': 3, '[secret] (2)': 4 };
    const redactor = knowing(value, 'other-secret');
    const names = ['[secret] (3)', '[secret] (4)', '[secret]', '[secret] (2)'];

    expect(Object.entries(redactor.data(Object.freeze(record)))).toEqual(
      names.map((name, i) => [name, i + 1]),
    );
    expect([...redactor.data(new Map(Object.entries(record)))]).toEqual(
      names.map((name, i) => [name, i + 1]),
    );
  });

  test('stays frozen where it was', () => {
    const data = Object.freeze({ list: Object.freeze([value]), open: { value } });
    const redacted = knowing(value).data(data);

    expect(redacted).toEqual({ list: ['[secret]'], open: { value: '[secret]' } });
    expect([redacted, redacted.list, redacted.open].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('keeps the holes of a list and an own __proto__', () => {
    const list: unknown[] = [];
    list[2] = value;
    const record = JSON.parse(`{ "__proto__": { "value": "${value}" } }`) as object;

    expect(knowing(value).data(list)).toStrictEqual(Object.assign([], { 2: '[secret]' }));
    expect(Object.keys(knowing(value).data(record))).toEqual(['__proto__']);
    expect(JSON.stringify(knowing(value).data(record))).toBe('{"__proto__":{"value":"[secret]"}}');
  });

  test('turns every error into a record, with or without a value in it', () => {
    const cause = new Error(`with ${value}`);
    const data = { plain: new Error('plain'), failed: failure(value, { cause }) };
    const redacted = knowing(value).data(data);

    expect(redacted.plain).not.toBeInstanceOf(Error);
    expect(redacted.plain).toMatchObject({ name: 'Error', message: 'plain' });
    expect(redacted.failed).toMatchObject({
      name: 'PipelineError',
      code: 'NODE_FAILED',
      cause: { name: 'Error', message: 'with [secret]' },
    });
    expect(inspect(redacted, { depth: 9 })).not.toContain(value);
    expect(Object.isFrozen(redacted.failed)).toBe(true);
    expect(cause.message).toContain(value);
    expect(knowing(value).data(cause)).toMatchObject({ message: 'with [secret]' });
  });

  test('copies an instance of a class only for a value in its own data', () => {
    let calls = 0;
    class Request {
      readonly options: { readonly token: string };
      declare readonly shown: string;
      constructor(token: string) {
        this.options = { token };
        Object.defineProperty(this, 'shown', { enumerable: true, get: () => String((calls += 1)) });
      }
      get size(): number {
        return this.options.token.length;
      }
    }
    const clean = new Request('none');
    const dirty = new Request(value);
    const redacted = knowing(value).data({ clean, dirty });

    expect(calls).toBe(0);
    expect(redacted.clean).toBe(clean);
    expect(redacted.dirty).toBeInstanceOf(Request);
    expect([redacted.dirty.options, redacted.dirty.size]).toEqual([{ token: '[secret]' }, 8]);
    expect(dirty.options.token).toBe(value);
  });

  test('copies subclasses of lists and Maps as such', () => {
    class Names extends Array<string> {}
    class Registry extends Map<string, string> {}
    const redacted = knowing(value).data([Names.of(value), new Registry([['a', value]])]);

    expect([redacted[0] instanceof Names, redacted[1] instanceof Registry]).toEqual([true, true]);
    expect(redacted).toEqual([Names.of('[secret]'), new Registry([['a', '[secret]']])]);
  });

  test('leaves bytes, dates and functions as they are', () => {
    const kept = [
      Buffer.from(value),
      new Uint8Array(9),
      Object.assign(new Date(), { value }),
      () => value,
      1n,
    ];
    const redacted = knowing(value).data([value, ...kept]);

    redacted.slice(1).forEach((part, index) => {
      expect(part).toBe(kept[index]);
    });
  });

  test('puts a text where something cannot be read', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(knowing(value).data({ proxy, value })).toEqual({
      proxy: 'a value that cannot be read',
      value: '[secret]',
    });
  });

  test('may be nested deeper than calls can be', () => {
    interface Level {
      below: Level | string;
    }
    let top: Level = { below: value };
    for (let depth = 0; depth < 50_000; depth += 1) top = { below: top };
    let found: Level | string = knowing(value).data(top);
    while (typeof found !== 'string') found = found.below;

    expect(found).toBe('[secret]');
    expect(knowing('other-secret').data(top)).toBe(top);
  });
});

describe('an error', () => {
  test('of ours loses known values in its message and stack, in place', () => {
    const error = failure(value);
    expect(error.stack).toContain(value);

    knowing(value).error(error);

    expect(error.message).toMatch(/^It said \[secret\]\./);
    expect(inspect(error)).not.toContain(value);
    expect(Object.keys(error)).not.toContain('message');
  });

  test('of the user stays as it was, and is passed through to ours behind it', () => {
    const inner = failure(value);
    const users = new Error(`mine: ${value}`, { cause: inner });
    const collected = failure(value);
    const many = new AggregateError([users, collected, 'no error'], value);
    const outer = failure(value, { cause: many });
    const { stack } = users;

    knowing(value).error(outer);

    expect([users.message, users.stack, many.message]).toEqual([`mine: ${value}`, stack, value]);
    for (const ours of [inner, collected, outer]) {
      expect(`${ours.message} ${String(ours.stack)}`).not.toContain(value);
    }
  });

  test('is followed through 16 causes, and through none twice', () => {
    const chain: PipelineError[] = [];
    for (let depth = 0; depth < 18; depth += 1) chain.push(failure(value, { cause: chain.at(-1) }));
    chain.reverse();
    const knot = new AggregateError([]);
    knot.errors.push(knot, knot, knot, chain[0], failure(value, { cause: knot }));

    knowing(value).error(chain[0]);
    expect(chain.map(({ message }) => message.includes(value)).indexOf(true)).toBe(17);
    expect(() => {
      knowing(value).error(knot);
    }).not.toThrow();
  });

  test('that is frozen, odd or none at all is no reason to throw', () => {
    const hostile = Object.defineProperty(failure(value), 'cause', {
      get: () => {
        throw new Error('no');
      },
    });
    const { proxy, revoke } = Proxy.revocable(failure(value), {});
    revoke();
    for (const given of [Object.freeze(failure(value)), hostile, proxy, undefined, null, value, 4, {}]) {
      expect(() => {
        knowing(value).error(given);
      }).not.toThrow();
    }
    expect(hostile.message).not.toContain(value);
  });

  test('keeps what else it is', () => {
    const error = new RunCancelledError({ kind: 'user', message: value }, 'orders');
    knowing(value).error(error);

    expect(error).toMatchObject({ name: 'AbortError', code: 'RUN_CANCELLED', kind: 'user', path: 'orders' });
    expect(error.message).toContain('[secret]');
  });
});

describe('for any data', () => {
  const secrets = fc.uniqueArray(
    fc
      .string({
        minLength: 6,
        maxLength: 12,
        unit: fc.constantFrom('a', 'b', '1', '"', '\\', '\n', ' ', '&', '%', '$', '^', '.', '*', 'é'),
      })
      .map((s) => `sk-${s}`),
    { minLength: 1, maxLength: 4 },
  );
  const texts = (known: readonly string[]): fc.Arbitrary<string> =>
    fc
      .tuple(fc.string({ maxLength: 4 }), fc.constantFrom('', ...known), fc.string({ maxLength: 4 }))
      .map((parts) => parts.join(''));
  const dataWith = (known: readonly string[]): fc.Arbitrary<unknown> =>
    fc.anything({
      key: texts(known),
      values: [texts(known), fc.integer(), fc.constant(undefined)],
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      maxDepth: 5,
    });

  test('no known value is left, in whatever way the copy is printed', () => {
    const cases = secrets.chain((known) => fc.tuple(fc.constant(known), dataWith(known)));

    fc.assert(
      fc.property(cases, ([known, data]) => {
        const redacted = knowing(...known).data(data);
        const shown = [
          inspect(redacted, {
            depth: Infinity,
            showHidden: true,
            maxArrayLength: null,
            maxStringLength: null,
          }),
          JSON.stringify(redacted, (_key, part: unknown) =>
            part instanceof Map || part instanceof Set ? [...(part as Iterable<unknown>)] : part,
          ) ?? '',
        ].join('\n');
        for (const secret of known) {
          expect(shown).not.toContain(secret);
          expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('what holds no known value comes back as the very same object', () => {
    const redactor = knowing('a value that random data does not hold');

    fc.assert(
      fc.property(dataWith(['sk-abcdefgh']), (data) => {
        expect(redactor.data(data)).toBe(data);
      }),
    );
  });

  test('redacting twice is redacting once', () => {
    const cases = secrets.chain((known) => fc.tuple(fc.constant(known), dataWith(known)));

    fc.assert(
      fc.property(cases, ([known, data]) => {
        const redactor = knowing(...known);
        const once = redactor.data(data);
        expect(redactor.data(once)).toBe(once);
      }),
    );
  });
});
