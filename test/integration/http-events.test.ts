import { setTimeout as sleep } from 'node:timers/promises';
import { errorPolicy, MemoryRunStore, type PipelineBuilder, type RunRecord } from 'heirline';
import { describe, expect, it } from 'vitest';
import { gated, newManager, until, work } from './support/managed.js';
import { allSentEvents, clientOf, firstSentEvent, problemOf, sentEvents } from './support/served.js';

const lastEventId = (id: number | string) => ({ headers: { 'last-event-id': String(id) } });

describe('the events of a run over HTTP', () => {
  it('come as server-sent events, from the first to the end, which equals the record', async () => {
    const client = clientOf(newManager({ definitions: { quick: work(() => undefined, 'Quick') } }));
    const { runId } = await client.start({ definition: 'quick' });

    const response = await client.get(`/runs/${runId}/events`);
    const events = await allSentEvents(response);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(events.map(({ data }) => data.type)).toEqual([
      'runStarted',
      'pipelineStarted',
      'nodeStarted',
      'nodeStarted',
      'nodeCompleted',
      'nodeCompleted',
      'pipelineCompleted',
      'runEnded',
    ]);
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(events.map(({ id, data }) => data['seq'] === id)).not.toContain(false);
    const { endedAt, status } = await client.wait(runId);
    expect(events.at(-1)?.data).toEqual({ type: 'runEnded', seq: 8, at: endedAt, status });
    for (const { data } of events) expect(data['at']).toMatch(/^\d{4}-.*Z$/);
  });

  it('cost one look at the record, and one more for a client that comes back', async () => {
    class Asked extends MemoryRunStore {
      looks = 0;
      override get(runId: string): Promise<RunRecord | undefined> {
        this.looks += 1;
        return super.get(runId);
      }
    }
    const store = new Asked();
    const client = clientOf(newManager({ store, definitions: { quick: work(() => undefined) } }));
    const { runId } = await client.start({ definition: 'quick' });
    await client.wait(runId);

    store.looks = 0;
    const [last] = (await allSentEvents(await client.get(`/runs/${runId}/events`))).slice(-1);
    expect(store.looks).toBe(1);
    const again = await client.get(`/runs/${runId}/events`, {
      headers: { 'last-event-id': String((last?.id ?? 0) - 1) },
    });
    expect(await allSentEvents(again)).toEqual([last]);
    expect(store.looks).toBe(3);
  });

  it('go on after Last-Event-ID, and end with 204 once the client has them all', async () => {
    const client = clientOf(newManager({ definitions: { quick: work(() => undefined) } }));
    const { runId } = await client.start({ definition: 'quick' });
    await client.wait(runId);
    const after = (id: number) => client.get(`/runs/${runId}/events`, lastEventId(id));

    expect((await allSentEvents(await after(0))).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await allSentEvents(await after(6))).map(({ id }) => id)).toEqual([7, 8]);
    for (const id of [8, 9, 1_000_000]) {
      const nothing = await after(id);
      expect([nothing.status, nothing.body]).toEqual([204, null]);
    }
  });

  it('name what has gone as a gap, whose id is the last that is missing', async () => {
    class Noisy {
      define(builder: PipelineBuilder) {
        const numbers = builder.addSource(Array.from({ length: 10_050 }, (_, index) => index));
        builder.addSink(
          () => {
            throw new Error('refused');
          },
          { from: numbers, errorPolicy: errorPolicy('skip') },
        );
      }
    }
    const client = clientOf(newManager({ definitions: { noisy: Noisy } }));
    const { runId } = await client.start({ definition: 'noisy' });
    await client.wait(runId);

    const [gap, next] = await allSentEvents(await client.get(`/runs/${runId}/events`));

    expect(gap?.data).toMatchObject({ type: 'gap', from: 1 });
    expect(gap?.id).toBe(gap?.data['to']);
    expect(next?.id).toBe(Number(gap?.id) + 1);
  });

  it('are kept alive by comments while nothing happens', async () => {
    const { definition, open } = gated();
    const client = clientOf(newManager({ definitions: { gated: definition } }), { heartbeatMs: 5 });
    const { runId } = await client.start({ definition: 'gated' });

    const seen: string[] = [];
    for await (const event of sentEvents(await client.get(`/runs/${runId}/events`))) {
      seen.push(event === 'comment' ? ':' : event.data.type);
      if (seen.filter((each) => each === ':').length === 3) open();
    }

    expect(seen.filter((each) => each === ':').length).toBeGreaterThanOrEqual(3);
    expect(seen.at(-1)).toBe('runEnded');
  });

  it('refuse a Last-Event-ID that no event has', async () => {
    const client = clientOf(newManager({ definitions: { quick: work(() => undefined) } }));
    const { runId } = await client.start({ definition: 'quick' });

    for (const id of ['', '-1', '1.5', '0x10', '1e3', 'null', '9'.repeat(17), '1, 2', 'NaN']) {
      const response = await client.get(`/runs/${runId}/events`, lastEventId(id));
      expect(response.status, `'${id}'`).toBe(400);
      expect(await problemOf(response)).toMatchObject({ code: 'OPTION_INVALID' });
    }
  });

  it('have their end also when the manager closes; whoever comes later is told to come back', async () => {
    const { definition } = gated();
    const manager = newManager({ definitions: { gated: definition } });
    const client = clientOf(manager);
    const { runId } = await client.start({ definition: 'gated' });
    const path = `/runs/${runId}/events`;
    // One reads at once, one is as slow as a network.
    const reading = allSentEvents(await client.get(path));
    const slowly: unknown[] = [];
    const slow = (async () => {
      for await (const event of sentEvents(await client.get(path))) {
        slowly.push(event);
        await sleep(4);
      }
      return slowly;
    })();
    const waiting = client.wait(runId);
    // Until it waits for the next event.
    for (let read = 0; read === 0 || read < slowly.length;) {
      read = slowly.length;
      await sleep(60);
    }

    await manager.close({ timeoutMs: 1000 });

    const end = { type: 'runEnded', status: 'interrupted', stopReason: 'shutdown' };
    expect((await reading).at(-1)?.data).toMatchObject(end);
    expect((await slow).at(-1)).toMatchObject({ data: end });
    expect(await waiting).toMatchObject({ status: 'interrupted', stopReason: 'shutdown' });
    expect((await client.get(path)).status).toBe(503);
  });

  it('break off for a client that has not read them by then, so that it knows that they are not all', async () => {
    const { definition } = gated();
    const manager = newManager({ definitions: { gated: definition } });
    const client = clientOf(manager);
    const { runId } = await client.start({ definition: 'gated' });
    const late = await client.get(`/runs/${runId}/events`);
    const closing = performance.now();

    await manager.close({ timeoutMs: 1000 });

    expect(performance.now() - closing).toBeLessThan(500);
    await expect(late.text()).rejects.toMatchObject({ code: 'MANAGER_CLOSED' });
  });
});

describe('a client that leaves its event stream', () => {
  const served = (disconnectGraceMs: number) => {
    const { definition, open } = gated();
    const manager = newManager({ definitions: { gated: definition } });
    return { manager, open, client: clientOf(manager, { disconnectGraceMs }) };
  };

  it.for([
    { onDisconnect: 'cancel', status: 'interrupted', stopReason: 'disconnect' },
    { onDisconnect: 'continue', status: 'success', stopReason: undefined },
  ])('with $onDisconnect ends the run as $status', async ({ onDisconnect, status, stopReason }) => {
    const { client, open } = served(1);
    const { runId } = await client.start({ definition: 'gated', onDisconnect });

    await firstSentEvent(await client.get(`/runs/${runId}/events`));
    await sleep(20);
    open();

    const ended = await client.wait(runId);
    expect(ended.status).toBe(status);
    expect(ended.stopReason).toBe(stopReason);
  });

  it('leaves too when its request is aborted, before it has read anything', async () => {
    const { client } = served(0);
    const { runId } = await client.start({ definition: 'gated', onDisconnect: 'cancel' });
    const leaving = new AbortController();

    const response = await client.get(`/runs/${runId}/events`, { signal: leaving.signal });
    leaving.abort();

    expect(await client.wait(runId)).toMatchObject({ status: 'interrupted', stopReason: 'disconnect' });
    await expect(response.text()).rejects.toThrow();
  });

  it('may come back within the grace, and is the client again', async () => {
    const { client, open, manager } = served(60);
    const { runId } = await client.start({ definition: 'gated', onDisconnect: 'cancel' });
    const first = await firstSentEvent(await client.get(`/runs/${runId}/events`));
    expect(first).toMatchObject({ id: 1 });

    const back = await client.get(`/runs/${runId}/events`, lastEventId(1));
    await sleep(80);
    expect(await manager.get(runId)).toMatchObject({ status: 'running' });
    await back.body?.cancel();
    await until(async () => (await manager.get(runId))?.status === 'interrupted');
    open();
  });

  it('is not the client where it came second: its leaving changes nothing', async () => {
    const { client, open } = served(0);
    const { runId } = await client.start({ definition: 'gated', onDisconnect: 'cancel' });
    const first = allSentEvents(await client.get(`/runs/${runId}/events`));

    await firstSentEvent(await client.get(`/runs/${runId}/events`));
    await sleep(10);
    open();

    expect((await first).at(-1)?.data).toMatchObject({ type: 'runEnded', status: 'success' });
  });

  it('that stops reading holds nothing back: events wait in the log, not in the stream', async () => {
    const client = clientOf(newManager({ definitions: { quick: work(() => undefined) } }));
    const { runId } = await client.start({ definition: 'quick' });
    const { body } = await client.get(`/runs/${runId}/events`);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);

    const first = await read();
    await client.wait(runId);
    await sleep(30);

    // Read late, each event comes by itself: none had been put aside.
    expect(first).toMatch(/^id: 1\n.*\n\n$/);
    expect(await read()).toMatch(/^id: 2\n.*\n\n$/);
    await reader.cancel();
  });
});
