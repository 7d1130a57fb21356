import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BudgetExceededError } from '../../../../src/errors/budget-exceeded-error.js';
import { PipelineError } from '../../../../src/errors/pipeline-error.js';
import {
  PipelineValidationError,
  validationProblem,
} from '../../../../src/errors/pipeline-validation-error.js';
import { RunCancelledError } from '../../../../src/errors/run-cancelled-error.js';
import { frozenCopy } from '../../../../src/data/frozen-copy.js';
import { Redactor } from '../../../../src/run/secrets/redactor.js';

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

  test('loses every part of values that overlap', () => {
    const redactor = knowing('abcdefgh', 'efghijkl', 'ijklmnop', 'cdefghijklm');

    expect(redactor.text('<abcdefghijkl> <abcdefghijklmnop> <abcdefghabcdefgh>')).toBe(
      '<[secret]> <[secret]> <[secret][secret]>',
    );
    expect(knowing('abababab').text('<ababababab>')).toBe('<[secret]>');
  });

  test('loses every part of them also where many values were added between', () => {
    const redactor = knowing('abcdefgh');
    for (let count = 0; count < 200; count += 1) redactor.add(`another value ${count}.`);
    redactor.add('efghijkl');
    redactor.add('abcdefghi');

    expect(redactor.text('<abcdefghijkl> <abcdefghi> another value 7. another value 150.')).toBe(
      '<[secret]> <[secret]> [secret] [secret]',
    );
  });

  test('loses a value that was added after texts were redacted', () => {
    const redactor = new Redactor();
    for (let count = 0; count < 150; count += 1) {
      redactor.add(`value ${count} of 150`);
      expect(redactor.text(`a value ${count} of 150 and value 0 of 150`)).toBe('a [secret] and [secret]');
    }
  });

  test('loses a value as a form of a URL has it, and one in JSON within JSON', () => {
    const awkward = 'p!ss (wörd)\'s "own"\n\\end';
    const redactor = knowing(awkward);

    expect(redactor.text(`?${new URLSearchParams({ key: awkward, n: '1' }).toString()}`)).toBe(
      '?key=[secret]&n=1',
    );
    expect(redactor.text(JSON.stringify(JSON.stringify({ awkward })))).toBe(
      String.raw`"{\"awkward\":\"[secret]\"}"`,
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

  test('loses a value of a key store, in the message of an error too', () => {
    const store = JSON.stringify({ key: 'k"ä/'.repeat(12_000), id: 7 });
    const redactor = knowing(store);
    const error = failure(store);
    redactor.error(error);

    expect(redactor.text(`<${store}> <${JSON.stringify(store)}> <${encodeURIComponent(store)}>`)).toBe(
      '<[secret]> <"[secret]"> <[secret]>',
    );
    expect(error.message).not.toContain('k"ä/');
  });

  test('loses a value as URLs have it, with the digits of its escapes in either case', () => {
    const awkward = "pä/ss+w(o)r'd*?=&";
    const redactor = knowing(awkward);
    const inUrl = encodeURIComponent(awkward);
    const lowered = inUrl.replace(/%../g, (escape) => escape.toLowerCase());
    const mixed = inUrl.replace(/%../g, (escape, at: number) =>
      at % 2 === 0 ? escape.toLowerCase() : escape,
    );
    const strict = inUrl.replace(/[*'()]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
    const spaced = 'a b/c d=e f';

    expect([inUrl, lowered, mixed, strict].map((form) => redactor.text(`k=${form}&n=1`))).toEqual(
      Array(4).fill('k=[secret]&n=1'),
    );
    expect(knowing(spaced).text(new URL(`https://host/?key=${spaced}`).href)).toBe(
      'https://host/?key=[secret]',
    );
    expect(redactor.text(inUrl.replace('ss', 'SS'))).not.toContain('[secret]');
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
  test('knows its values too, also those that come later, as that one knows its own', () => {
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
    expect(above.text('from-above from-below')).toBe('[secret] [secret]');
    expect([middle.isEmpty, above.isEmpty]).toEqual([false, false]);
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

  test('keeps an error that holds no value as the very same object', () => {
    const clean = new AggregateError([new Error('one')], 'many', { cause: new Error('two') });
    const data = { clean, list: [value, clean] };

    expect(knowing(value).data(clean)).toBe(clean);
    expect(knowing(value).data(data).list).toEqual(['[secret]', clean]);
    expect(knowing(value).data(data).list[1]).toBe(clean);
  });

  test('turns an error into a record where a value is in its message, its stack or its causes', () => {
    const cause = new Error(`with ${value}`);
    const stacked = Object.assign(new Error('plain'), { stack: `Error: plain at ${value}` });
    const data = { failed: failure('no', { cause }), stacked };
    const redacted = knowing(value).data(data);

    expect(redacted.stacked).toEqual({ name: 'Error', message: 'plain', stack: 'Error: plain at [secret]' });
    expect(redacted.failed).not.toBeInstanceOf(Error);
    expect(redacted.failed).toMatchObject({
      name: 'PipelineError',
      code: 'NODE_FAILED',
      cause: { name: 'Error', message: 'with [secret]' },
    });
    expect(inspect(redacted, { depth: 9 })).not.toContain(value);
    // Pino marks what it writes as an error.
    expect([redacted.failed, redacted.failed.cause].map((part) => Object.isFrozen(part))).toEqual([
      false,
      false,
    ]);
    expect(cause.message).toContain(value);
    expect(knowing(value).data(cause)).toMatchObject({ message: 'with [secret]' });
  });

  test('keeps the own data of an error and the errors it has collected in its record', () => {
    const response = { status: 401, headers: { authorization: `Bearer ${value}` } };
    const config = { retries: 2 };
    const refused = Object.assign(new Error('refused'), { status: 401, response, config });
    const many = new AggregateError([refused, new Error('clean'), 'a text'], 'many');
    const redacted = knowing(value).data(many);

    expect(redacted).toMatchObject({
      name: 'AggregateError',
      message: 'many',
      errors: [
        {
          name: 'Error',
          message: 'refused',
          status: 401,
          response: { status: 401, headers: { authorization: 'Bearer [secret]' } },
        },
        { name: 'Error', message: 'clean' },
        { name: 'NonError', message: 'a text' },
      ],
    });
    expect(redacted.errors.map((error: unknown) => error instanceof Error)).toEqual([false, false, false]);
    expect(inspect(redacted, { depth: 9 })).not.toContain(value);
    expect(refused.response).toBe(response);
  });

  test('makes a record without cycles of errors that are their own causes, and cuts it after 16', () => {
    const knot = new AggregateError([], value);
    knot.errors.push(knot, knot, new Error('other', { cause: knot }));
    knot.cause = knot;
    let chain = new Error(value);
    for (let depth = 0; depth < 20_000; depth += 1) chain = new Error(value, { cause: chain });
    let depth = 0;
    for (let at = knowing(value).data(chain); at.cause !== undefined; at = at.cause as Error) depth += 1;

    expect(JSON.stringify(knowing(value).data(knot))).not.toContain(value);
    expect(knowing(value).data(knot)).toMatchObject({ message: '[secret]', cause: { message: '[secret]' } });
    expect(depth).toBe(16);
  }, 30_000);

  test('makes a plain object of an instance of a class, only for a value in its own data', () => {
    let calls = 0;
    class Request {
      readonly #size = 8;
      readonly options: { readonly token: string };
      declare readonly shown: string;
      constructor(token: string) {
        this.options = { token };
        Object.defineProperty(this, 'shown', { enumerable: true, get: () => String((calls += 1)) });
      }
      get size(): number {
        return this.#size;
      }
    }
    const clean = new Request('none');
    const dirty = new Request(value);
    const redacted = knowing(value).data({ clean, dirty });

    expect(calls).toBe(0);
    expect(redacted.clean).toBe(clean);
    expect(Object.getPrototypeOf(redacted.dirty)).toBe(Object.prototype);
    expect(redacted.dirty).toStrictEqual({ options: { token: '[secret]' } });
    expect(dirty.options.token).toBe(value);
  });

  test('makes plain lists, Maps and Sets of their subclasses', () => {
    class Names extends Array<string> {}
    class Registry extends Map<string, string> {}
    class Tags extends Set<string> {}
    const data = [Names.of(value), new Registry([['a', value]]), new Tags([value])];

    expect(knowing(value).data(data)).toStrictEqual([
      ['[secret]'],
      new Map([['a', '[secret]']]),
      new Set(['[secret]']),
    ]);
  });

  test('keeps an object without a prototype so', () => {
    const data = Object.assign(Object.create(null) as Record<string, string>, { value });

    expect(Object.getPrototypeOf(knowing(value).data(data))).toBeNull();
    expect({ ...knowing(value).data(data) }).toEqual({ value: '[secret]' });
  });

  test('loses a value in what a list has beside its elements', () => {
    const list = Object.assign([1, 2, 3], { query: value });
    const sparse: unknown[] = Object.assign([], { length: 2 ** 31, query: value });

    expect(knowing(value).data(list)).toEqual(Object.assign([1, 2, 3], { query: '[secret]' }));
    expect(Object.entries(knowing(value).data(sparse))).toEqual([['query', '[secret]']]);
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

describe('frozen copies', () => {
  test('are looked at again only when a value was added', () => {
    const redactor = knowing('other-secret');
    const copy = frozenCopy({ rows: [{ text: `a ${value}` }, new Map([['k', new Set(['b'])]])] });
    // What is not looked at shows no names.
    const lookUps = vi.spyOn(Object, 'keys');
    const lookedAt = (): boolean => lookUps.mock.calls.some(([source]) => source === copy.rows[0]);
    expect(redactor.data({ copy }).copy).toBe(copy);
    expect(lookedAt()).toBe(true);
    lookUps.mockClear();
    expect(redactor.data({ copy, dirty: 'other-secret' })).toEqual({ copy, dirty: '[secret]' });
    expect([redactor.data(copy), lookedAt()]).toEqual([copy, false]);

    redactor.add(value);
    expect(redactor.data({ copy }).copy.rows[0]).toEqual({ text: 'a [secret]' });
    lookUps.mockRestore();
  });

  test('are looked at each time where they hold what may change', () => {
    class Service {
      last = '';
    }
    const service = new Service();
    const copy = frozenCopy({ list: [service], at: new Date() });
    const redactor = knowing(value);
    expect(redactor.data({ copy }).copy).toBe(copy);

    service.last = value;
    expect(redactor.data({ copy })).toEqual({ copy: { list: [{ last: '[secret]' }], at: copy.at } });
    expect(redactor.data(copy)).toEqual({ list: [{ last: '[secret]' }], at: copy.at });
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

  test('loses them in the problems of a validation, in its path and in its budget', () => {
    const invalid = new PipelineValidationError(`shop/${value}`, [
      validationProblem('DUPLICATE_NODE', `shop/${value}`, `'${value}' is there twice.`, 'Rename one.'),
    ]);
    const budget = { kind: 'calls', limit: 1, spent: 2, path: value, topSpender: `${value}/a` } as const;
    const exceeded = new BudgetExceededError(budget, value, () => undefined);
    for (const error of [invalid, exceeded]) knowing(value).error(error);

    expect(invalid.path).toBe('shop/[secret]');
    expect(invalid.errors).toMatchObject([{ code: 'DUPLICATE_NODE', path: 'shop/[secret]' }]);
    expect(exceeded).toMatchObject({
      path: '[secret]',
      budget: { path: '[secret]', topSpender: '[secret]/a' },
    });
    expect(exceeded.reason).toMatchObject({ kind: 'budget', path: '[secret]' });
    expect(inspect([invalid, exceeded], { depth: 9 })).not.toContain(value);
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

  test('no character of a value is left where values overlap', () => {
    const letters = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
      fc.string({ minLength, maxLength, unit: fc.constantFrom('a', 'b') });
    const cases = fc.tuple(fc.array(letters(8, 10), { minLength: 1, maxLength: 5 }), letters(0, 40));

    fc.assert(
      fc.property(cases, ([known, text]) => {
        const covered = Array.from(text, (letter, at) =>
          known.some((secret) => {
            const from = text.slice(Math.max(0, at - secret.length + 1), at + secret.length);
            return from.includes(secret);
          })
            ? ''
            : letter,
        );
        expect(
          knowing(...known)
            .text(text)
            .replaceAll('[secret]', ''),
        ).toBe(covered.join(''));
      }),
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
