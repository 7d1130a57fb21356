import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunHandler, nodeListener, type RunHandlerOptions } from 'heirline/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { collectGarbage } from './support/garbage.js';
import { gated, newManager, until, work } from './support/managed.js';
import { allSentEvents, problemOf, sentEvents, type ClientRun } from './support/served.js';

type Handler = Parameters<typeof nodeListener>[0];

/** A server on a free port that ends with the test; gives its address. */
async function listen(handler: Handler): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(nodeListener(handler));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}`, server };
}

/** A connection on which a test writes bytes of its own. */
async function dial(url: string): Promise<{ readonly socket: Socket; readonly read: () => string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, read: () => text };
}

function service(options: Partial<RunHandlerOptions> = {}) {
  const { definition, open } = gated();
  const manager = newManager({ definitions: { gated: definition, quick: work(() => undefined) } });
  return { manager, open, handler: createRunHandler({ manager, authorise: () => ({}), ...options }) };
}

const start = async (url: string, body: object): Promise<ClientRun> =>
  (await (await fetch(`${url}/runs`, { method: 'POST', body: JSON.stringify(body) })).json()) as ClientRun;

describe('nodeListener', () => {
  it("serves runs through Node's http", async () => {
    const { handler } = service();
    const { url } = await listen(handler);

    const { runId } = await start(url, { definition: 'quick' });
    const ended = (await (await fetch(`${url}/runs/${runId}/wait`)).json()) as ClientRun;
    const events = await allSentEvents(await fetch(`${url}/runs/${runId}/events`));

    expect(ended.status).toBe('success');
    expect(events.at(-1)?.data).toMatchObject({ type: 'runEnded', status: 'success' });
  });

  it('hands on method, address, headers and body, and sends status, headers and every cookie back', async () => {
    const { url } = await listen(async (request) => {
      const { method, url: asked, headers } = request;
      return new Response(`${method} ${asked} ${String(headers.get('x-list'))} ${await request.text()}`, {
        status: 202,
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      });
    });
    const response = await fetch(`${url}/a%2Fb?c=d`, {
      method: 'PUT',
      body: 'text',
      headers: [
        ['x-list', '1'],
        ['x-list', '2'],
      ],
    });
    expect(response.status).toBe(202);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe(`PUT ${url}/a%2Fb?c=d 1, 2 text`);
  });

  it('answers HEAD without a body, and a handler that fails with 500', async () => {
    const { url } = await listen((request) => {
      if (request.method === 'HEAD') return new Response('unseen', { headers: { 'x-known': 'yes' } });
      throw new Error('a bug');
    });
    const warned = once(process, 'warning');
    const head = await fetch(url, { method: 'HEAD' });
    const failed = await fetch(url);

    expect([head.status, head.headers.get('x-known'), await head.text()]).toEqual([200, 'yes', '']);
    expect([failed.status, await failed.text()]).toEqual([500, '']);
    expect(await warned).toMatchObject([{ message: 'A request could not be answered: a bug' }]);
  });

  it('tells a run that its client has gone when the connection breaks', async () => {
    const { handler, manager } = service({ disconnectGraceMs: 0 });
    const { url } = await listen(handler);
    const { runId } = await start(url, { definition: 'gated', onDisconnect: 'cancel' });

    const leaving = new AbortController();
    const response = await fetch(`${url}/runs/${runId}/events`, { signal: leaving.signal });
    for await (const event of sentEvents(response)) {
      if (event !== 'comment' && event.data.type === 'nodeStarted') break;
    }
    leaving.abort();

    expect(await manager.wait(runId, { timeoutMs: 2000 })).toMatchObject({
      status: 'interrupted',
      stopReason: 'disconnect',
    });
  });

  it('tells of a client that leaves late too, when the request itself has long been collected', async () => {
    let isLeft = false;
    const { url } = await listen(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            isLeft = true;
            resolve(new Response());
          });
        }),
    );
    const { socket } = await dial(url);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let round = 0; round < 5; round += 1) {
      await sleep(15);
      collectGarbage();
    }
    socket.destroy();
    await until(() => isLeft);
  });

  it('sends the head of an event stream at once, before there is an event', async () => {
    const { url } = await listen(
      () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
    );
    const response = await fetch(url);
    expect(response.status).toBe(200);
  });

  it('takes from a stream only what the client takes', async () => {
    let made = 0;
    let isLeft = false;
    const { url } = await listen(
      () =>
        new Response(
          new ReadableStream<Uint8Array>(
            {
              pull(controller) {
                made += 1;
                controller.enqueue(new Uint8Array(65_536));
              },
              cancel() {
                isLeft = true;
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    );
    const { socket } = await dial(url);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => made > 0);
    let last = -1;
    await until(async () => {
      const isStill = made === last;
      last = made;
      await sleep(30);
      return isStill;
    });
    // What the buffers of the two sockets hold, and no more.
    expect(made).toBeLessThan(400);
    socket.destroy();
    await until(() => isLeft);
  });

  it('answers 413 to a client that is still sending, which gets to read it', async () => {
    const { handler } = service({ maxBodyBytes: 1000 });
    const { url } = await listen(handler);

    const announced = await fetch(`${url}/runs`, { method: 'POST', body: new Uint8Array(10_000_000) });
    expect(announced.status).toBe(413);
    expect(await problemOf(announced)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });

    const { socket, read } = await dial(url);
    socket.write('POST /runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
    const sending = setInterval(() => socket.write(chunk), 2);
    onTestFinished(() => {
      clearInterval(sending);
    });
    await until(() => read().includes('413 Payload Too Large'));
    // One that never stops loses its connection.
    await until(() => socket.closed);
  });

  it('lets a connection go on after a body that nobody has read', async () => {
    const { handler } = service();
    const { url } = await listen(handler);
    const { socket, read } = await dial(url);
    const get = 'GET /runs HTTP/1.1\r\nHost: x\r\n\r\n';

    socket.write(
      `POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}${get}`,
    );

    await until(() => read().includes('200 OK'));
    expect(read()).toContain('404 Not Found');
  });

  it('starts nothing for a client that leaves while it sends', async () => {
    const { handler, manager } = service();
    const { url } = await listen(handler);
    const { socket } = await dial(url);
    socket.write('POST /runs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"definition":"quick"}');
    await sleep(20);
    socket.destroy();
    await sleep(20);
    expect(await manager.list()).toEqual([]);
  });

  it.for([
    'GET /runs HTTP/1.1\r\nHost: x/runs?a=\r\n\r\n',
    'GET /runs HTTP/1.1\r\nHost: user:password@x\r\n\r\n',
    'GET /runs HTTP/1.1\r\nHost: x#y\r\n\r\n',
    'TRACE /runs HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://:1:/runs HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('answers 400 to what is no request of the web: %j', async (bytes) => {
    const { handler } = service();
    const { url } = await listen(handler);
    const { socket, read } = await dial(url);
    socket.write(bytes);
    await until(() => read() !== '');
    expect(read()).toContain('400 Bad Request');
  });

  it.for<[string, string]>([
    ['GET //evil.test/runs HTTP/1.1\r\nHost: x\r\n\r\n', 'http://x//evil.test/runs'],
    ['GET http://y/runs HTTP/1.1\r\nHost: x\r\n\r\n', 'http://y/runs'],
    ['GET /a HTTP/1.0\r\n\r\n', 'http://localhost/a'],
    ['OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'http://[::1]/*'],
  ])('reads the address of %j', async ([bytes, address]) => {
    const { url } = await listen((request) => new Response(request.url));
    const { socket, read } = await dial(url);
    socket.write(bytes);
    await until(() => read().includes('\r\n\r\n') && read().includes(address));
  });
});
