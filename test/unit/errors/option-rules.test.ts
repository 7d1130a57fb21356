import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { checkOptions, invalidOption, optionProblems, rule } from '../../../src/errors/option-rules.js';
import type { OptionRule } from '../../../src/errors/option-rules.js';
import { errorOf, throws } from '../support/thrown.js';

/** What each rule takes and refuses, and what it then says was expected. */
const judged: readonly {
  readonly name: string;
  readonly judge: OptionRule;
  readonly takes: readonly unknown[];
  readonly refuses: readonly unknown[];
  readonly expected: string;
}[] = [
  {
    name: 'boolean',
    judge: rule.boolean,
    takes: [true, false],
    refuses: [0, 'true', null],
    expected: 'true or false',
  },
  {
    name: 'text',
    judge: rule.text,
    takes: ['a', ' '],
    refuses: ['', 1, null],
    expected: 'a text that is not empty',
  },
  {
    name: 'callable',
    judge: rule.callable,
    takes: [() => 1, class {}],
    refuses: [{}, 'f', null],
    expected: 'a function',
  },
  {
    name: 'positiveInteger',
    judge: rule.positiveInteger,
    takes: [1, 16, 1e15],
    refuses: [0, -1, 1.5, NaN, Infinity, '2', 2n],
    expected: 'a whole number above 0',
  },
  {
    name: 'milliseconds',
    judge: rule.milliseconds,
    takes: [0, 0.5, 2 ** 31, 1e15],
    refuses: [-1, 1e16, NaN, Infinity, '10'],
    expected: 'milliseconds, 0 or more',
  },
  {
    name: 'positiveMilliseconds',
    judge: rule.positiveMilliseconds,
    takes: [0.5, 1, 1e15],
    refuses: [0, -1, 1e16, NaN, Infinity, '10'],
    expected: 'milliseconds above 0',
  },
  {
    name: 'date',
    judge: rule.date,
    takes: [new Date(0)],
    refuses: [new Date(NaN), 0, '2024-01-01'],
    expected: 'a valid Date',
  },
  {
    name: 'signal',
    judge: rule.signal,
    takes: [new AbortController().signal],
    refuses: [new AbortController(), { aborted: false }],
    expected: 'an AbortSignal',
  },
  {
    name: 'oneOf',
    judge: rule.oneOf('item', 'stream'),
    takes: ['item', 'stream'],
    refuses: ['Item', '', ['item'], null],
    expected: "'item' or 'stream'",
  },
  {
    name: 'having',
    judge: rule.having('write'),
    takes: [{ write: () => 1 }, Object.create({ write: () => 1 })],
    refuses: [{}, { write: 'no method' }, null, 'write'],
    expected: expect.stringMatching(/^an object with .*'write'$/) as string,
  },
  { name: 'object', judge: rule.object, takes: [{}, []], refuses: [null, 'a', 1], expected: 'an object' },
];

describe('a rule', () => {
  for (const { name, judge, takes, refuses, expected } of judged) {
    test(`${name} takes what it is for and says what it expects of everything else`, () => {
      expect(takes.map((value) => judge(value))).toEqual(takes.map(() => undefined));
      expect(refuses.map((value) => judge(value))).toEqual(refuses.map(() => expected));
    });
  }

  test('anything takes everything', () => {
    expect([undefined, null, 0, Symbol('s')].map(rule.anything)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('optionProblems', () => {
  const rules = { size: rule.positiveInteger, ordered: rule.boolean };

  test('finds nothing wrong with right options, and takes an undefined one as left out', () => {
    expect(optionProblems({ size: 2, ordered: undefined }, rules)).toEqual([]);
    expect(optionProblems({}, rules)).toEqual([]);
  });

  test('names every wrong option, and the known ones beside an unknown name', () => {
    expect(optionProblems({ size: 0, orderd: true, ordered: 1 }, rules)).toEqual([
      "'size' must be a whole number above 0",
      "there is no option 'orderd' (known: size, ordered)",
      "'ordered' must be true or false",
    ]);
  });

  test('refuses an unknown name also where its value is undefined: a typo is a typo', () => {
    expect(optionProblems({ orderd: undefined }, rules)).toHaveLength(1);
  });

  test('takes no option from the prototype of the rules', () => {
    expect(optionProblems({ toString: true, constructor: true }, rules)).toHaveLength(2);
  });

  test('takes anything but an object with options as wrong', () => {
    for (const options of [null, 'fast', 3, () => 1, [], new Map(), new Date(), Promise.resolve()]) {
      expect(optionProblems(options, rules)).toEqual(['a plain object with options was expected']);
    }
  });
});

describe('checkOptions', () => {
  test('lets undefined and right options pass', () => {
    expect(() => {
      checkOptions('a thing', undefined, {});
      checkOptions('a thing', { on: true }, { on: rule.boolean });
    }).not.toThrow();
  });

  test('throws one OPTION_INVALID that names the subject, the place and every problem', () => {
    const error = errorOf(() => {
      checkOptions('a thing', { on: 1, of: 2 }, { on: rule.boolean }, 'root/node');
    });

    expect(error.code).toBe('OPTION_INVALID');
    expect(error.path).toBe('root/node');
    expect(error.message).toBe(
      "root/node: Wrong options of a thing: 'on' must be true or false; there is no option 'of' (known: on). " +
        'Correct the options named. (docs/errors.md#option_invalid)',
    );
  });

  test('gives the same error for a problem that no rule found', () => {
    expect(invalidOption('a thing', 'it is odd').message).toBe(
      'Wrong options of a thing: it is odd. Correct the options named. (docs/errors.md#option_invalid)',
    );
  });
});

describe('options that cannot be read', () => {
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const hostile = {
    get size(): never {
      throw new Error('no');
    },
  };

  test('are refused, each by its name', () => {
    const options = {
      list: new Proxy([], { get: throws(new Error('no')) }),
      kind: revoked(),
      size: 1,
    };
    Object.defineProperty(options, 'size', { enumerable: true, get: throws(new Error('no')) });
    const rules = { list: rule.texts, kind: rule.instanceOf(Map), size: rule.positiveInteger };

    expect(optionProblems(options, rules)).toEqual([
      "'list' must be something that can be read",
      "'kind' must be something that can be read",
      "'size' must be something that can be read",
    ]);
    expect(
      errorOf(() => {
        checkOptions('x', hostile, { size: rule.positiveInteger });
      }).code,
    ).toBe('OPTION_INVALID');
  });

  test('are refused as a whole where they do not say what they hold', () => {
    const nameless = new Proxy({}, { ownKeys: throws(new Error('no')) });

    expect(optionProblems(revoked(), {})).toEqual(['a plain object with options was expected']);
    expect(optionProblems(nameless, {})).toEqual(['options that can be read were expected']);
  });
});

describe('options of another realm', () => {
  test('are as those of this realm', () => {
    const options: unknown = runInNewContext("({ names: ['a'], until: new Date(5), size: 3 })");

    expect(
      optionProblems(options, { names: rule.texts, until: rule.date, size: rule.positiveInteger }),
    ).toEqual([]);
    expect(optionProblems(runInNewContext('new Date()'), {})).toHaveLength(1);
    const until: unknown = runInNewContext('new Date(NaN)');
    expect(optionProblems({ until }, { until: rule.date })).toHaveLength(1);
  });

  test('may hold a signal that has the shape of one', () => {
    const { signal } = new AbortController();
    const shaped = { aborted: false, addEventListener: () => 1, removeEventListener: () => 1 };

    expect([signal, shaped].map(rule.signal)).toEqual([undefined, undefined]);
    for (const wrong of [{}, { ...shaped, aborted: 'no' }, { ...shaped, addEventListener: 1 }, null, 'x'])
      expect(rule.signal(wrong)).toBe('an AbortSignal');
  });
});
