import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  MemoryRunStore,
  type PipelineBuilder,
  type RunEvent,
  type RunManager,
  type StoredRunEvent,
} from 'heirline';
import { collect, failureOf, gated, newManager, noisy, until, work } from './support/managed.js';
import { busy, failing, FaultyStore } from './support/faulty-store.js';

const quick = work(() => undefined, 'Quick');
const seqs = (events: readonly RunEvent[]): unknown[] =>
  events.map((event) => (event.type === 'gap' ? [event.from, event.to] : event.seq));

describe('the events of a run', () => {
  test('begin with its start, are numbered without a hole, and end with its end as the record says', async () => {
    const manager = newManager();
    const handle = await manager.start(quick);
    const events = await collect(handle.events());
    expect(events.map(({ type }) => type)).toEqual([
      ...['runStarted', 'pipelineStarted', 'nodeStarted', 'nodeStarted'],
      ...['nodeCompleted', 'nodeCompleted', 'pipelineCompleted', 'runEnded'],
    ]);
    expect(seqs(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(events.at(-1)).toMatchObject({ status: 'success', at: handle.record.endedAt });
    for (const event of events) if (event.type !== 'gap') expect(typeof event.at).toBe('number');
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  test('have nothing from inside the children that a composite starts per item', async () => {
    class Child {
      define(builder: PipelineBuilder<number, number>): void {
        builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
      }
    }
    class Parent {
      define(builder: PipelineBuilder): void {
        const numbers = builder.addSource([1, 2, 3], 'numbers');
        const child = builder.addComposite(Child, 'child');
        builder.connect(numbers, child).connect(
          child,
          builder.addSink(() => undefined, 'end'),
        );
      }
    }
    const manager = newManager();
    const events = await collect((await manager.start(Parent)).events());
    const paths = events.flatMap((event) => ('path' in event ? [event.path] : []));
    expect(new Set(paths)).toEqual(new Set(['Parent', 'Parent/numbers', 'Parent/child', 'Parent/end']));
  });

  test('from k are exactly k+1 to n, while it runs and afterwards', async () => {
    const manager = newManager();
    const handle = await manager.start(noisy(50));
    const live = collect(handle.events({ from: 30 }));
    const all = await collect(handle.events());
    const last = all.length;
    expect(await live).toEqual(all.slice(30));
    for (const from of [0, 1, 77, last - 1]) {
      expect(await collect(manager.events(handle.id, { from }))).toEqual(all.slice(from));
    }
    for (const from of [last, last + 5])
      expect(await collect(manager.events(handle.id, { from }))).toEqual([]);
    expect(await failureOf(collect(manager.events('unheard-of')))).toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(() => handle.events({ from: -1 })).toThrow(/'from' must be a whole number, 0 or more/);
  });

  test('that are no longer there are a gap; the end always comes', async () => {
    const manager = newManager();
    const handle = await manager.start(noisy(8000));
    await handle.result;
    const events = await collect(handle.events({ from: 2 }));
    expect(events[0]).toMatchObject({ type: 'gap', from: 3 });
    const { to = 0 } = events[0] as { to?: number };
    expect(seqs(events.slice(1))).toEqual(
      Array.from({ length: events.length - 1 }, (_, index) => to + 1 + index),
    );
    expect(events.length).toBeGreaterThan(10_000);
    expect(events.at(-1)).toMatchObject({ type: 'runEnded', status: 'success' });
  });

  test('come late to who reads slowly, and are not lost', async () => {
    const manager = newManager();
    const handle = await manager.start(noisy(300));
    const slow: RunEvent[] = [];
    for await (const event of handle.events()) {
      slow.push(event);
      if (slow.length % 100 === 0) await sleep(10);
    }
    expect(seqs(slow)).toEqual(Array.from({ length: slow.length }, (_, index) => index + 1));
    expect(slow.at(-1)?.type).toBe('runEnded');
  });

  test('of a run that is executed here are read from its log: the store is asked for none that it still has', async () => {
    class Asked extends MemoryRunStore {
      reads = 0;
      override readEvents(
        ...args: Parameters<MemoryRunStore['readEvents']>
      ): Promise<readonly StoredRunEvent[]> {
        this.reads += 1;
        return super.readEvents(...args);
      }
    }
    const store = new Asked();
    const manager = newManager({ store });
    // Slower than the log is written, so that each event is waited for.
    const handle = await manager.start(noisy(20, 3));
    const reading = collect(handle.events());
    await handle.result;
    const events = await reading;
    expect(seqs(events)).toEqual(Array.from({ length: 48 }, (_, index) => index + 1));
    expect(events.at(-1)?.type).toBe('runEnded');
    expect(store.reads).toBeLessThanOrEqual(2);
    // Read later, all come from the store.
    expect(await collect(handle.events())).toEqual(events);
  });

  test('can be left: by the loop, by a signal, and when the manager is closed', async () => {
    const manager = newManager();
    const { definition } = gated();
    const handle = await manager.start(definition);
    expect(await collect(handle.events(), 2)).toHaveLength(2);
    const leaving = new AbortController();
    const reading = collect(handle.events({ signal: leaving.signal }));
    await sleep(5);
    leaving.abort(new Error('enough'));
    expect(await failureOf(reading)).toBe(leaving.signal.reason);
    expect(handle.record.status).toBe('running');
    const untilEnd = collect(handle.events());
    await manager.close();
    expect((await untilEnd).at(-1)).toMatchObject({ type: 'runEnded', status: 'interrupted' });
  });

  test('of a short run are stored with its end: there is no moment at which only one of them can be read', async () => {
    const faulty = new FaultyStore(new MemoryRunStore());
    const manager = newManager({ store: faulty.store });
    const handle = await manager.start(quick);
    await handle.result;
    expect([faulty.count('update'), faulty.count('appendEvents')]).toEqual([1, 0]);
    expect(seqs(await collect(handle.events()))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('are numbered without a hole where the end is stored later, or becomes another one', async () => {
    const faulty = new FaultyStore(new MemoryRunStore());
    const manager = newManager({ store: faulty.store, heartbeatMs: 20, leaseMs: 5000 });
    const { definition, open } = gated();
    const handle = await manager.start(definition);
    const reading = collect(handle.events());
    faulty.fault = (method) => (method === 'update' ? failing(busy) : undefined);
    open();
    expect(await handle.result).toMatchObject({ persisted: false });
    await faulty.store.requestCancel(handle.id, { action: 'interrupt', reason: 'user' });
    faulty.fault = () => undefined;
    const events = await reading;
    expect(seqs(events)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'runEnded', status: 'interrupted', stopReason: 'user' });
    expect(await collect(handle.events())).toEqual(events);
  });

  test('whose last could not be stored end as the record says', async () => {
    const faulty = new FaultyStore(new MemoryRunStore());
    faulty.fault = (method) =>
      method === 'appendEvents' ? failing(() => new Error('disk full')) : undefined;
    const manager = newManager({ store: faulty.store, heartbeatMs: 20, leaseMs: 1000 });
    // More events than are stored with the end of a run.
    const handle = await manager.start(noisy(300));
    await handle.result;
    const other = newManager({ store: faulty.store, heartbeatMs: 20, leaseMs: 1000 });
    expect(await collect(other.events(handle.id))).toEqual([
      { seq: 1, at: handle.record.endedAt, type: 'runEnded', status: 'success' },
    ]);
  });
});

describe('two managers of one store', () => {
  const pair = (): readonly [RunManager, RunManager] => {
    const store = new MemoryRunStore();
    const options = { store, heartbeatMs: 20, leaseMs: 400 };
    return [newManager(options), newManager(options)];
  };

  test('the other one reads the events, waits and sees the session', async () => {
    const [one, other] = pair();
    const { definition, open } = gated();
    const handle = await one.start(definition, { threadId: 'a' });
    const reading = collect(other.events(handle.id));
    const waiting = other.wait(handle.id);
    await sleep(30);
    open();
    expect((await waiting).status).toBe('success');
    const events = await reading;
    expect(seqs(events)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'runEnded', status: 'success' });
    expect(await other.hasActive('a')).toBe(false);
  });

  test('a cancel through the other one reaches the owner within a heartbeat, and the first one stays', async () => {
    const [one, other] = pair();
    const { definition, seen } = gated();
    const handle = await one.start(definition);
    await until(() => seen.begun === 1);
    expect(await other.cancel(handle.id, { action: 'rollback', reason: { kind: 'superseded' } })).toBe(
      'requested',
    );
    expect(await other.cancel(handle.id)).toBe('requested');
    expect(await failureOf(handle.result)).toMatchObject({ code: 'RUN_CANCELLED', kind: 'superseded' });
    expect(await other.get(handle.id)).toMatchObject({
      status: 'interrupted',
      stopReason: 'superseded',
      cancelRequested: { action: 'rollback', reason: 'superseded' },
    });
  });

  test('first in, first out on a thread, and interrupt across them', async () => {
    const [one, other] = pair();
    const { definition, open } = gated();
    const order: number[] = [];
    const add = (manager: RunManager, n: number) =>
      manager.start(
        work(() => order.push(n)),
        { threadId: 'a', strategy: 'enqueue' },
      );
    await one.start(definition, { threadId: 'a' });
    const handles = [await add(other, 1), await add(one, 2), await add(other, 3)];
    open();
    await Promise.all(handles.map(({ result }) => result));
    expect(order).toEqual([1, 2, 3]);
    const second = gated();
    const old = await one.start(second.definition, { threadId: 'a' });
    const next = await other.start(quick, { threadId: 'a', strategy: 'interrupt' });
    await next.result;
    expect(old.record).toMatchObject({ status: 'interrupted', stopReason: 'superseded' });
  });

  test("a repeated key gives a handle that follows the other one's run", async () => {
    const [one, other] = pair();
    const { definition, open } = gated();
    const first = await one.start(definition, { idempotencyKey: 'k' });
    const again = await other.start(definition, { idempotencyKey: 'k' });
    expect(again.id).toBe(first.id);
    open();
    expect(await again.result).toMatchObject({ runId: first.id, status: 'succeeded', persisted: true });
    expect(await again.result).not.toHaveProperty('nodes');
    expect(await first.result).toHaveProperty('nodes');
    expect(again.record.status).toBe('success');
    const bad = work(() => {
      throw new Error('no');
    });
    await failureOf((await one.start(bad, { idempotencyKey: 'bad' })).result);
    expect(await failureOf((await other.start(bad, { idempotencyKey: 'bad' })).result)).toMatchObject({
      code: 'NODE_FAILED',
      path: 'Work/step',
    });
  });

  test('a closed manager leaves what waits by name to another one', async () => {
    const store = new MemoryRunStore();
    const ran: unknown[] = [];
    const definitions = { named: work(({ run, parameters }) => ran.push([run.runId, parameters.get('n')])) };
    const options = { store, definitions, heartbeatMs: 20, leaseMs: 400, sweepMs: 20 };
    const one = newManager(options);
    const { definition } = gated();
    await one.start(definition, { threadId: 'a' });
    const context = { parameters: { n: 7 } };
    const waiting = await one.start('named', { threadId: 'a', strategy: 'enqueue', context });
    const lost = failureOf(waiting.result);
    await one.close();
    expect(await lost).toMatchObject({ code: 'MANAGER_CLOSED' });
    const other = newManager(options);
    expect((await other.wait(waiting.id)).status).toBe('success');
    expect(ran).toEqual([[waiting.id, 7]]);
  });
});

describe('clients', () => {
  test('cancel: the run ends when the first subscriber leaves; with continue it goes on', async () => {
    const manager = newManager();
    for (const onDisconnect of ['cancel', 'continue'] as const) {
      const { definition, open, seen } = gated();
      const handle = await manager.start(definition, { onDisconnect });
      await until(() => seen.begun === 1);
      for await (const event of handle.subscribe()) if (event.type === 'runStarted') break;
      if (onDisconnect === 'continue') open();
      expect((await manager.wait(handle.id)).stopReason).toBe(
        onDisconnect === 'cancel' ? 'disconnect' : undefined,
      );
    }
  });

  test('who subscribes later, or only reads, never cancels', async () => {
    const manager = newManager();
    const { definition, open } = gated();
    const handle = await manager.start(definition, { onDisconnect: 'cancel' });
    await collect(handle.events(), 1);
    const first = handle.subscribe();
    (await manager.subscribe(handle.id)).close();
    await sleep(10);
    expect(handle.record.status).toBe('running');
    open();
    expect((await collect(first)).at(-1)).toMatchObject({ status: 'success' });
    first.close();
    expect((await handle.result).status).toBe('succeeded');
  });

  test('who comes back in time takes the place of the client', async () => {
    const manager = newManager({ disconnectGraceMs: 40 });
    const { definition } = gated();
    const handle = await manager.start(definition, { onDisconnect: 'cancel' });
    handle.subscribe().close();
    await sleep(10);
    const back = handle.subscribe();
    await sleep(60);
    expect(handle.record.status).toBe('running');
    back.close();
    expect(await manager.wait(handle.id)).toMatchObject({ status: 'interrupted', stopReason: 'disconnect' });
  });
});
