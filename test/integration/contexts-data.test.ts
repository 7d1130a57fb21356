import { describe, expect, it } from 'vitest';
import { PipelineContext, contextKey } from 'heirline';

interface Settings {
  name: string;
  limits: { low: number; high: number };
  tags: string[];
}

const SettingsKey = contextKey<Settings>('settings');

function settings(): Settings {
  return { name: 'first', limits: { low: 1, high: 9 }, tags: ['a', 'b'] };
}

describe('Data in parameters and properties', () => {
  it.each(['parameters', 'properties'] as const)(
    'is copied when it is set in %s, so the object of the caller stays its own',
    (dictionary) => {
      const own = settings();
      const context = new PipelineContext();
      context[dictionary].set(SettingsKey, own);

      own.name = 'changed';
      own.limits.low = 100;
      own.tags.push('c');

      expect(context[dictionary].require(SettingsKey)).toEqual(settings());
      expect(Object.isFrozen(own)).toBe(false);
      expect(Object.isFrozen(own.limits)).toBe(false);
    },
  );

  it('is copied also when it is given to the constructor', () => {
    const own = settings();
    const context = new PipelineContext({ parameters: { settings: own } });
    own.limits.high = 100;

    expect(context.parameters.require(SettingsKey)).toEqual(settings());
    expect(Object.isFrozen(own)).toBe(false);
  });

  it('cannot be changed in place, at any depth', () => {
    const { parameters } = new PipelineContext({ parameters: { settings: settings() } });
    const stored = parameters.require(SettingsKey);

    expect(() => {
      stored.name = 'changed';
    }).toThrow(TypeError);
    expect(() => {
      stored.limits.low = 100;
    }).toThrow(TypeError);
    expect(() => stored.tags.push('c')).toThrow(TypeError);
    expect(parameters.get(SettingsKey)).toEqual(settings());
  });

  it('is copied and closed inside a Map, which refuses writes itself', () => {
    const Rates = contextKey<Map<string, { value: number }>>('rates');
    const own = new Map([['km', { value: 1 }]]);
    const { parameters } = new PipelineContext();
    parameters.set(Rates, own);

    own.set('mile', { value: 2 });
    const stored = parameters.require(Rates);
    expect([...stored]).toEqual([['km', { value: 1 }]]);
    expect(() => stored.set('mile', { value: 2 })).toThrow();
    expect(() => stored.delete('km')).toThrow();
    expect(() => {
      stored.clear();
    }).toThrow();
    const inner = stored.get('km');
    expect(() => Object.assign(inner ?? {}, { value: 7 })).toThrow(TypeError);
    expect([...stored]).toEqual([['km', { value: 1 }]]);
    expect(Object.isFrozen(own.get('km'))).toBe(false);
  });

  it('is copied and closed inside a Set, which refuses writes itself', () => {
    const Codes = contextKey<Set<string>>('codes');
    const own = new Set(['a']);
    const { parameters } = new PipelineContext();
    parameters.set(Codes, own);

    own.add('b');
    const stored = parameters.require(Codes);
    expect([...stored]).toEqual(['a']);
    expect(() => stored.add('b')).toThrow();
    expect(() => stored.delete('a')).toThrow();
    expect(() => {
      stored.clear();
    }).toThrow();
    expect([...stored]).toEqual(['a']);
  });

  it('may be nested through arrays, Maps and Sets in any mixture', () => {
    const own = { list: [new Map([['set', new Set([{ deep: [1] }])]])] };
    const Nested = contextKey<typeof own>('nested');
    const { parameters } = new PipelineContext();
    parameters.set(Nested, own);

    const set = parameters.require(Nested).list[0]?.get('set');
    const [inner] = [...(set ?? [])];
    expect(inner).toEqual({ deep: [1] });
    expect(() => inner?.deep.push(2)).toThrow(TypeError);
    expect(() => set?.add({ deep: [] })).toThrow();
  });

  it('may contain itself', () => {
    interface Loop {
      name: string;
      self?: Loop;
      list: unknown[];
      map: Map<string, unknown>;
    }
    const LoopKey = contextKey<Loop>('loop');
    const own: Loop = { name: 'loop', list: [], map: new Map() };
    own.self = own;
    own.list.push(own);
    own.map.set('self', own);
    const { parameters } = new PipelineContext();
    parameters.set(LoopKey, own);

    const stored = parameters.require(LoopKey);
    expect(stored).not.toBe(own);
    expect(stored.self).toBe(stored);
    expect(stored.list[0]).toBe(stored);
    expect(stored.map.get('self')).toBe(stored);
    expect(Object.isFrozen(stored)).toBe(true);
    expect(Object.isFrozen(own)).toBe(false);
  });

  it('keeps instances of classes, dates and functions by reference, also inside plain data', () => {
    class Client {
      calls = 0;
    }
    const client = new Client();
    const date = new Date(0);
    const format = (value: number): string => String(value);
    const { parameters } = new PipelineContext({
      parameters: { client, date, format, nested: { client, list: [date], format } },
    });

    expect(parameters.get('client')).toBe(client);
    expect(parameters.get('date')).toBe(date);
    expect(parameters.get('format')).toBe(format);
    const Nested = contextKey<{ client: Client; list: Date[]; format: unknown }>('nested');
    const nested = parameters.require(Nested);
    expect(nested.client).toBe(client);
    expect(nested.list[0]).toBe(date);
    expect(nested.format).toBe(format);
    client.calls += 1;
    expect(nested.client.calls).toBe(1);
  });

  it('is taken as it is when it is such a frozen copy already', () => {
    const first = new PipelineContext({ parameters: { settings: settings() } });
    const stored = first.parameters.require(SettingsKey);
    const second = new PipelineContext({ properties: { settings: stored } });
    first.parameters.set('again', stored);
    first.parameters.set('part', { limits: stored.limits });

    expect(first.parameters.get('again')).toBe(stored);
    expect(second.properties.get(SettingsKey)).toBe(stored);
    expect(first.parameters.get('part')).toEqual({ limits: stored.limits });
  });

  it('is copied when the caller froze only its outside', () => {
    const own = Object.freeze(settings());
    const { parameters } = new PipelineContext({ parameters: { settings: own } });
    own.limits.low = 100;

    expect(parameters.require(SettingsKey).limits.low).toBe(1);
    expect(Object.isFrozen(own.limits)).toBe(false);
  });
});

describe('Context items', () => {
  it('hold live services by reference and do not freeze them', () => {
    const cache = new Map<string, number>();
    const list = [1];
    const state = { open: true, inner: { calls: 0 } };
    const { items } = new PipelineContext({ items: { cache, list } });
    items.set('state', state);

    expect(items.get('cache')).toBe(cache);
    expect(items.get('list')).toBe(list);
    expect(items.get('state')).toBe(state);
    cache.set('a', 1);
    list.push(2);
    state.inner.calls += 1;
    expect(items.get('list')).toEqual([1, 2]);
  });
});

describe('update', () => {
  it('changes a copy: who holds the earlier value keeps it', () => {
    const { parameters } = new PipelineContext({ parameters: { settings: settings() } });
    const before = parameters.require(SettingsKey);

    parameters.update(SettingsKey, (draft) => {
      draft.limits.high = 10;
      draft.tags.push('c');
    });

    expect(before).toEqual(settings());
    expect(parameters.require(SettingsKey)).toEqual({
      name: 'first',
      limits: { low: 1, high: 10 },
      tags: ['a', 'b', 'c'],
    });
  });

  it('leaves the result as closed as what set stores', () => {
    const { parameters } = new PipelineContext({ parameters: { settings: settings() } });
    const added = { low: 0, high: 1 };
    parameters.update(SettingsKey, (draft) => {
      draft.limits = added;
    });

    const stored = parameters.require(SettingsKey);
    expect(() => {
      stored.limits.high = 5;
    }).toThrow(TypeError);
    expect(() => stored.tags.push('c')).toThrow(TypeError);
  });

  it('ignores what the recipe returns if it changed the draft', () => {
    const Flags = contextKey<{ on: boolean; count: number }>('flags');
    const { parameters } = new PipelineContext({ parameters: { flags: { on: false, count: 0 } } });

    parameters.update(Flags, (draft) => (draft.on = true));
    expect(parameters.get(Flags)).toEqual({ on: true, count: 0 });

    parameters.update(Flags, (draft) => {
      draft.count = 1;
      return { on: false, count: 99 };
    });
    expect(parameters.get(Flags)).toEqual({ on: true, count: 1 });
  });

  it('keeps an object whose recipe assigned what was there already', () => {
    const Flags = contextKey<{ on: boolean }>('flags');
    const { parameters } = new PipelineContext({ parameters: { flags: { on: true } } });
    parameters.update(Flags, (draft) => (draft.on = true));

    expect(parameters.get(Flags)).toEqual({ on: true });
  });

  it('takes a returned value as the new one if the recipe left the draft alone', () => {
    const Flags = contextKey<{ on: boolean; count: number }>('flags');
    const { parameters } = new PipelineContext({ parameters: { flags: { on: false, count: 0 } } });
    parameters.update(Flags, (draft) => ({ ...draft, count: 5 }));

    const stored = parameters.require(Flags);
    expect(stored).toEqual({ on: false, count: 5 });
    expect(Object.isFrozen(stored)).toBe(true);
  });

  it('keeps the value if the recipe neither changed nor returned anything', () => {
    const { parameters } = new PipelineContext({ parameters: { settings: settings() } });
    const before = parameters.require(SettingsKey);
    parameters.update(SettingsKey, () => undefined);

    expect(parameters.require(SettingsKey)).toEqual(settings());
    expect(before).toEqual(settings());
  });

  it('works on values that are not objects', () => {
    const Count = contextKey<number>('count');
    const { parameters } = new PipelineContext({ parameters: { count: 1 } });
    parameters.update(Count, (count) => count + 1);

    expect(parameters.get(Count)).toBe(2);
  });

  it('works on Maps and Sets', () => {
    const Rates = contextKey<Map<string, number>>('rates');
    const Codes = contextKey<Set<string>>('codes');
    const { parameters } = new PipelineContext({
      parameters: { rates: new Map([['km', 1]]), codes: new Set(['a']) },
    });
    const before = parameters.require(Rates);

    parameters.update(Rates, (draft) => draft.set('mile', 1.6));
    parameters.update(Codes, (draft) => draft.add('b'));

    expect([...before]).toEqual([['km', 1]]);
    expect([...parameters.require(Rates)]).toEqual([
      ['km', 1],
      ['mile', 1.6],
    ]);
    expect([...parameters.require(Codes)]).toEqual(['a', 'b']);
    expect(() => parameters.require(Rates).set('yard', 1)).toThrow();
  });

  it('is copy-on-write in context items too, but does not freeze the result', () => {
    interface Session {
      user: { name: string };
      visits: string[];
    }
    const SessionKey = contextKey<Session>('session');
    const own: Session = { user: { name: 'ann' }, visits: ['home'] };
    const { items } = new PipelineContext();
    items.set(SessionKey, own);

    items.update(SessionKey, (draft) => {
      draft.visits.push('cart');
    });

    const next = items.require(SessionKey);
    expect(own.visits).toEqual(['home']);
    expect(next.visits).toEqual(['home', 'cart']);
    next.visits.push('till');
    next.user.name = 'bob';
    expect(items.require(SessionKey).visits).toEqual(['home', 'cart', 'till']);
    expect(Object.isFrozen(own)).toBe(false);
  });
});
