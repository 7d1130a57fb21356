import { AsyncLocalStorage } from 'node:async_hooks';
import { context as openTelemetry, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { captureContext } from '../../../src/background/captured-context.js';
import { currentContext, runInContext } from '../../../src/context/ambient-context.js';
import { viewOf } from '../../../src/context/pipeline-context.js';
import { isCollected } from '../../integration/support/garbage.js';
import { root } from '../support/frames.js';
import { errorOf, misuse } from '../support/thrown.js';

const user = (): unknown => currentContext()?.parameters.get('user');
const as = (name: string) => root({ parameters: { user: name } });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a captured context', () => {
  test('is current for a function and all that it awaits, wherever that is called', async () => {
    const captured = runInContext(as('alice'), captureContext);
    const seen = async (): Promise<unknown[]> => {
      const before = user();
      await turn();
      return [before, user()];
    };

    expect(await captured.run(seen)).toEqual(['alice', 'alice']);
    expect(await runInContext(as('bob'), async () => [await captured.run(seen), user()])).toEqual([
      ['alice', 'alice'],
      'bob',
    ]);
    expect(user()).toBeUndefined();
  });

  test('gives what the function returns, and throws what it throws', () => {
    const captured = captureContext();

    expect(captured.run(() => 42)).toBe(42);
    expect(() =>
      captured.run(() => {
        throw new RangeError('no');
      }),
    ).toThrow(RangeError);
    expect(errorOf(() => captured.run(misuse('no')))).toMatchObject({ code: 'OPTION_INVALID' });
  });

  test('is a copy of this moment, of the node too', () => {
    const { frame } = as('alice');
    const view = viewOf(frame, 'node');
    const captured = runInContext({ context: view }, captureContext);
    view.parameters.set('user', 'bob');

    expect(captured.context).not.toBe(view);
    expect(captured.context?.toJSON()).toEqual(view.toJSON());
    expect(captured.run(() => currentContext() === captured.context)).toBe(true);
    expect(captured.run(user)).toBe('alice');
  });

  test('of nothing is nothing: anonymous after alice stays anonymous', async () => {
    const captured = captureContext();

    expect(captured.context).toBeUndefined();
    const seen = await runInContext(as('alice'), () =>
      captured.run(async () => {
        const before = currentContext();
        await turn();
        return [before, currentContext()];
      }),
    );
    expect(seen).toEqual([undefined, undefined]);
  });

  test('brings back every other storage as it was, also where no context was current', () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = (): unknown[] => [user(), storage.getStore()];
    const inBoth = storage.run('alice’s', () => runInContext(as('alice'), captureContext));
    const inStorage = storage.run('alice’s', captureContext);
    const inContext = runInContext(as('alice'), captureContext);

    const all = storage.run('bob’s', () =>
      runInContext(as('bob'), () => [inBoth, inStorage, inContext].map((captured) => captured.run(seen))),
    );
    expect(all).toEqual([
      ['alice', 'alice’s'],
      [undefined, 'alice’s'],
      ['alice', undefined],
    ]);
  });

  test('does not show a call what another one entered for good', async () => {
    const storage = new AsyncLocalStorage<string>();
    const captured = storage.run('captured', captureContext);
    const enter = (): void => {
      storage.enterWith('entered');
    };
    captured.run(enter);

    expect(captured.run(() => storage.getStore())).toBe('captured');
    await captured.run(async () => {
      enter();
      await turn();
    });
    expect(captured.run(() => storage.getStore())).toBe('captured');
  });

  test('aborts by its own cancel alone, which its listeners hear in it', () => {
    const storage = new AsyncLocalStorage<string>();
    const original = as('alice');
    const captured = storage.run('alice’s', () => runInContext(original, captureContext));
    const heard: unknown[] = [];
    captured.context?.signal.addEventListener('abort', () => heard.push(user(), storage.getStore()));
    original.context.run.cancel();
    expect(captured.context?.signal.aborted).toBe(false);

    runInContext(as('bob'), () => captured.context?.run.cancel());
    expect(heard).toEqual(['alice', 'alice’s']);
  });

  test('holds neither the context that was current nor its execution', async () => {
    const capture = () => {
      const { context, frame, ...holder } = as('alice');
      const captured = runInContext({ ...holder, context }, captureContext);
      return { captured, refs: [new WeakRef<object>(context), new WeakRef<object>(frame)] };
    };
    const { captured, refs } = capture();

    expect(await isCollected(...refs)).toBe(true);
    expect(captured.run(user)).toBe('alice');
  });
});

describe('a captured context and OpenTelemetry', () => {
  const key = createContextKey('span');
  beforeEach(() => {
    openTelemetry.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterEach(() => {
    openTelemetry.disable();
  });

  test('has the OpenTelemetry context that was active', async () => {
    const active = (): unknown => openTelemetry.active().getValue(key);
    const capture = (span: string) =>
      openTelemetry.with(ROOT_CONTEXT.setValue(key, span), () => runInContext(as(span), captureContext));
    const [first, second] = [capture('first'), capture('second')];

    expect(active()).toBeUndefined();
    for (const [captured, span] of [
      [second, 'second'],
      [first, 'first'],
    ] as const) {
      const seen = await captured.run(async () => {
        const before = active();
        await turn();
        return [before, active(), user()];
      });
      expect(seen).toEqual([span, span, span]);
    }
  });
});
