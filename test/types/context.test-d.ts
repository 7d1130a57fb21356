import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  CompositeContextConfiguration,
  contextKey,
  currentContext,
  errorPolicy,
  PipelineContext,
  requireContext,
  withContext,
  type ContextKey,
  type Key,
  type KeySelection,
  type RunContext,
} from 'heirline';

const Rate = contextKey<number>('Rate');
const City = contextKey<string>('City', { default: 'Oslo' });
const context = new PipelineContext();

describe('keys with a schema', () => {
  const Limit = contextKey('limit', { schema: z.coerce.number() });
  const Start = contextKey('start', {
    schema: v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
    ),
  });
  const Port = contextKey('port', { schema: type('number'), default: 80 });

  test('say what the schema takes and what it makes of that', () => {
    expectTypeOf(Limit).toEqualTypeOf<ContextKey<number, undefined, unknown>>();
    expectTypeOf(Start).toEqualTypeOf<ContextKey<Date, undefined, string>>();
    expectTypeOf(Port).toEqualTypeOf<ContextKey<number, never, number>>();
    expectTypeOf(context.parameters.get(Limit)).toEqualTypeOf<number | undefined>();
    expectTypeOf(context.parameters.require(Start)).toEqualTypeOf<Date>();
    expectTypeOf(context.parameters.get(Port)).toEqualTypeOf<number>();
  });

  test('take what the schema takes, and nothing else', () => {
    context.parameters.set(Limit, '12').set(Start, '2026-01-01').set(Port, 8080);
    // @ts-expect-error the schema takes a text
    context.parameters.set(Start, new Date());
    // @ts-expect-error the schema takes a number
    context.parameters.set(Port, '80');
    // @ts-expect-error the default is of the schema's output
    contextKey('port', { schema: type('number'), default: '80' });
  });

  test('are keys wherever a key is taken', () => {
    const keys: readonly Key[] = [Limit, Start, Port, Rate];
    new PipelineContext({ parameters: [[Start, '2026-01-01']] }).explain(Start);
    CompositeContextConfiguration.create({ inheritParentParameters: { pick: keys, rename: { at: Start } } });
    context.parameters.update(Start, (date) => {
      expectTypeOf(date).toEqualTypeOf<Date>();
    });
  });
});

describe('typed keys', () => {
  test('say what they address', () => {
    expectTypeOf(Rate).toEqualTypeOf<ContextKey<number>>();
    expectTypeOf(context.parameters.get(Rate)).toEqualTypeOf<number | undefined>();
    expectTypeOf(context.parameters.require(Rate)).toEqualTypeOf<number>();
  });

  test('with a default are never absent', () => {
    expectTypeOf(context.parameters.get(City)).toEqualTypeOf<string>();
    expectTypeOf(context.items.require(City)).toEqualTypeOf<string>();
  });

  test('refuse values of another type', () => {
    context.parameters.set(Rate, 2);
    // @ts-expect-error a rate is a number
    context.parameters.set(Rate, 'two');
    // @ts-expect-error a default is of the key's type
    contextKey<number>('Rate', { default: 'two' });
  });

  test('refuse a recipe that is asynchronous, and take every other', () => {
    const Tally = contextKey<{ count: number; flag: boolean }>('Tally');
    context.parameters.update(Tally, (tally) => (tally.flag = true));
    context.parameters.update(Tally, (tally) => ({ ...tally, count: 2 }));
    context.parameters.update(Tally, (tally): unknown => tally);
    context.parameters.update<number>('n', (n) => n + 1);
    context.parameters.update('n', () => undefined);
    // @ts-expect-error a recipe cannot be asynchronous
    context.parameters.update(Tally, async (tally) => {
      tally.count += await Promise.resolve(1);
    });
    // @ts-expect-error nor give a promise
    context.run.session.update('n', () => Promise.resolve(1));
    CompositeContextConfiguration.default.with((draft) => (draft.inheritParentItems = true));
    CompositeContextConfiguration.default.with((draft) => ({ ...draft, inheritParentItems: true }));
    CompositeContextConfiguration.default.with((draft) => {
      draft.inheritParentItems = { pick: ['a'] };
    });
    // @ts-expect-error a configuration is changed at once
    CompositeContextConfiguration.default.with(async (draft) => {
      draft.inheritParentItems = await Promise.resolve(true);
    });
  });

  test('refuse a predicate that is asynchronous', () => {
    errorPolicy({ on: (error) => error instanceof RangeError, then: 'skip' });
    // @ts-expect-error a predicate answers at once
    errorPolicy({ on: async () => Promise.resolve(true), then: 'skip' });
  });

  test('type the recipe of an update', () => {
    context.parameters.update(contextKey<{ count: number }>('Tally'), (tally) => {
      expectTypeOf(tally.count).toEqualTypeOf<number>();
      tally.count += 1;
    });
  });

  test('do not hide that an untyped value is unknown', () => {
    expectTypeOf(context.parameters.get('anything')).toBeUnknown();
    expectTypeOf(context.parameters.require('anything')).toBeUnknown();
    expectTypeOf(context.parameters.get<string>('text')).toEqualTypeOf<string | undefined>();
  });

  test('select what is inherited, beside names', () => {
    CompositeContextConfiguration.create({
      inheritParentParameters: { pick: [Rate, City, 'name'] },
      inheritParentItems: { omit: [Rate] },
      inheritParentProperties: { rename: { childName: Rate, other: 'parentName' } },
    });
  });
});

describe('a configuration', () => {
  test('takes by contract, alone or beside other parts of a selection', () => {
    expectTypeOf(CompositeContextConfiguration.required).toEqualTypeOf<CompositeContextConfiguration>();
    expectTypeOf(CompositeContextConfiguration.required.inheritParentItems).toEqualTypeOf<
      boolean | 'required' | KeySelection
    >();
    CompositeContextConfiguration.create({
      inheritParentParameters: 'required',
      inheritParentItems: { required: true, pick: [Rate], omit: ['name'], rename: { childName: City } },
    });
    // @ts-expect-error the word is 'required'
    CompositeContextConfiguration.create({ inheritParentParameters: 'require' });
    // @ts-expect-error required is true, or left out
    CompositeContextConfiguration.create({ inheritParentParameters: { required: false } });
    // @ts-expect-error only the three data options take by contract
    CompositeContextConfiguration.create({ inheritRunIdentity: 'required' });
  });

  test('is immutable', () => {
    // @ts-expect-error a configuration is read-only
    CompositeContextConfiguration.default.inheritRunIdentity = false;
    // @ts-expect-error a preset is read-only
    CompositeContextConfiguration.inheritAll = CompositeContextConfiguration.default;
  });

  test('is changed into another by a recipe', () => {
    expectTypeOf(
      CompositeContextConfiguration.default.with((draft) => {
        draft.inheritLineageSink = false;
      }),
    ).toEqualTypeOf<CompositeContextConfiguration>();
  });
});

describe('a context', () => {
  test('is given dictionaries as objects, maps or entries', () => {
    expectTypeOf(PipelineContext).toBeConstructibleWith({ parameters: { a: 1 } });
    expectTypeOf(PipelineContext).toBeConstructibleWith({ items: new Map([['a', 1]]) });
    expectTypeOf(PipelineContext).toBeConstructibleWith({ properties: [['a', 1]] });
    expectTypeOf(PipelineContext).toBeConstructibleWith({ parameters: [[Rate, 1]] });
    expectTypeOf(PipelineContext).toBeConstructibleWith({ parameters: undefined, run: undefined });
    // @ts-expect-error the name is misspelt
    expectTypeOf(PipelineContext).toBeConstructibleWith({ parameter: {} });
  });

  test('has ids that nobody can set, and the run behind it', () => {
    expectTypeOf(context.runId).toBeString();
    expectTypeOf(context.run).toEqualTypeOf<RunContext>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    // @ts-expect-error an id is read-only
    context.runId = 'mine';
  });

  test('takes functions and disposables for disposal, whatever they return', () => {
    context.onDispose(() => 42);
    context.onDispose(async () => Promise.resolve());
    context.onDispose({ [Symbol.dispose]: () => undefined });
    context.onDispose({ [Symbol.asyncDispose]: () => Promise.resolve() });
    context.onDispose(
      (outcome) => {
        expectTypeOf(outcome).toEqualTypeOf<'succeeded' | 'failed' | 'cancelled'>();
      },
      { withOutcome: true },
    );
    context.onDispose(() => 42, { withOutcome: undefined });
    // @ts-expect-error nobody tells it the outcome
    context.onDispose((outcome: string) => outcome);
    // @ts-expect-error only a function can be told the outcome
    context.onDispose({ [Symbol.dispose]: () => undefined }, { withOutcome: true });
    // @ts-expect-error nothing to call
    context.onDispose(42);
  });

  test('is there or not, in ambient access', () => {
    expectTypeOf(currentContext()).toEqualTypeOf<PipelineContext | undefined>();
    expectTypeOf(requireContext()).toEqualTypeOf<PipelineContext>();
    expectTypeOf(withContext({}, () => 42)).resolves.toBeNumber();
  });
});
