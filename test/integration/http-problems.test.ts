import { MemoryRunStore, type RunManager } from 'heirline';
import { createRunHandler, type RunHandlerOptions } from 'heirline/http';
import { describe, expect, it } from 'vitest';
import { newManager, until, work } from './support/managed.js';
import { clientOf, problemOf } from './support/served.js';

const quick = work(() => undefined, 'Quick');
const served = (options: Partial<RunHandlerOptions> = {}) =>
  clientOf(newManager({ definitions: { quick } }), options);

/** A logger that keeps the errors it is given. */
const listening = () => {
  const errors: unknown[] = [];
  const log = (fields: { readonly error?: unknown }): void => void errors.push(fields.error);
  return { errors, logger: { trace: log, debug: log, info: log, warn: log, error: log } };
};

describe('a request that is not valid is answered with a problem', () => {
  it('of RFC 9457: type, title, status, detail and our code', async () => {
    const response = await served().post('/runs', { definition: 'nothing' });

    expect(response.status).toBe(404);
    const { detail, ...problem } = await problemOf(response);
    expect(problem).toEqual({
      type: 'urn:heirline:problem:definition_unknown',
      title: 'Definition unknown',
      status: 404,
      code: 'DEFINITION_UNKNOWN',
    });
    expect(detail).toContain("no definition 'nothing'");
  });

  it.for([
    ['no JSON', '{"definition":', 'OPTION_INVALID'],
    ['nothing', '', 'OPTION_INVALID'],
    ['null', 'null', 'OPTION_INVALID'],
    ['a list', '[{"definition":"quick"}]', 'OPTION_INVALID'],
    ['a text', '"quick"', 'OPTION_INVALID'],
    ['no definition', '{}', 'OPTION_INVALID'],
    ['a definition that is no name', '{"definition":{"define":1}}', 'OPTION_INVALID'],
    ['an unknown field', '{"definition":"quick","strateg":"reject"}', 'OPTION_INVALID'],
    ['a tenant', '{"definition":"quick","tenantId":"acme"}', 'OPTION_INVALID'],
    ['a principal', '{"definition":"quick","principal":{"admin":true}}', 'OPTION_INVALID'],
    ['a run', '{"definition":"quick","context":{"run":{"tenantId":"acme"}}}', 'OPTION_INVALID'],
    ['items', '{"definition":"quick","context":{"items":{"a":1}}}', 'OPTION_INVALID'],
    ['secrets', '{"definition":"quick","context":{"secrets":{}}}', 'OPTION_INVALID'],
    ['a context that is no object', '{"definition":"quick","context":[]}', 'OPTION_INVALID'],
    ['parameters that are a list', '{"definition":"quick","context":{"parameters":[1]}}', 'OPTION_INVALID'],
    ['a prototype', '{"definition":"quick","__proto__":{"tenantId":"acme"}}', 'OPTION_INVALID'],
    ['a prototype of its context', '{"definition":"quick","context":{"__proto__":{}}}', 'OPTION_INVALID'],
    ['a thread that is null', '{"definition":"quick","threadId":null}', 'OPTION_INVALID'],
    ['a thread with NUL', '{"definition":"quick","threadId":"a\\u0000b"}', 'OPTION_INVALID'],
    ['half a character', '{"definition":"quick","threadId":"\\ud800"}', 'OPTION_INVALID'],
    ['a thread that is too long', `{"definition":"quick","threadId":"${'x'.repeat(513)}"}`, 'OPTION_INVALID'],
    ['a time that is none', '{"definition":"quick","timeoutMs":"1"}', 'OPTION_INVALID'],
    ['a time that is too long', '{"definition":"quick","timeoutMs":1e400}', 'OPTION_INVALID'],
    ['an unknown strategy', '{"definition":"quick","strategy":"__proto__"}', 'STRATEGY_UNKNOWN'],
    ['a mode that is none', '{"definition":"quick","onDisconnect":"stop"}', 'OPTION_INVALID'],
    ['metadata that are no object', '{"definition":"quick","metadata":7}', 'METADATA_INVALID'],
    ['metadata that are null', '{"definition":"quick","metadata":null}', 'METADATA_INVALID'],
    [
      'metadata of 100,000 levels',
      `{"definition":"quick","metadata":{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`,
      'METADATA_INVALID',
    ],
    [
      'parameters of 100,000 levels',
      `{"definition":"quick","context":{"parameters":{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}}}`,
      'CONTEXT_VALUE_INVALID',
    ],
    [
      'a parameter named __proto__',
      '{"definition":"quick","context":{"parameters":{"__proto__":1}}}',
      'CONTEXT_KEY_INVALID',
    ],
    [
      'a parameter without a name',
      '{"definition":"quick","context":{"parameters":{"":1}}}',
      'CONTEXT_KEY_INVALID',
    ],
  ])('400: a start with %s', async ([, body, code]) => {
    const manager = newManager({ definitions: { quick } });
    const response = await clientOf(manager).post('/runs', body);

    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ status: 400, code });
    expect(await manager.list()).toEqual([]);
  });

  it.for(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'Quick', ' quick', 'x'.repeat(100_000)])(
    '404: the name of a definition that only looks like one, %s',
    async (definition) => {
      const response = await served().post('/runs', { definition });
      expect(response.status).toBe(404);
      const { code, detail } = await problemOf(response);
      expect(code).toBe('DEFINITION_UNKNOWN');
      expect(detail.length).toBeLessThan(500);
    },
  );

  it('keeps data with the names of prototypes as data', async () => {
    const seen: unknown[] = [];
    const look = work(({ parameters }) => {
      seen.push(parameters.get('constructor'), parameters.get('toString'), ({} as { evil?: true }).evil);
    });
    const client = clientOf(newManager({ definitions: { look } }));
    const { runId } = await client.start(
      JSON.parse(
        '{"definition":"look","threadId":"__proto__","metadata":{"__proto__":{"evil":true}},"context":{"parameters":{"constructor":{"__proto__":{"evil":true}}}}}',
      ) as object,
    );

    const { status, metadata } = await client.wait(runId);

    expect(status).toBe('success');
    expect(Object.entries(metadata as object)).toEqual([['__proto__', { evil: true }]]);
    expect(Object.keys(seen[0] as object)).toEqual(['__proto__']);
    expect(seen.slice(1)).toEqual([undefined, undefined]);
    expect(await (await client.get('/threads/__proto__/session')).json()).toEqual({});
  });

  it.for([
    '/runs/__proto__',
    '/runs/constructor/wait',
    '/runs/toString/events',
    '/runs/%2F..%2F',
    '/runs/a%20b',
  ])('404: a run that is not there, %s', async (path) => {
    const response = await served().get(path);
    expect([response.status, (await problemOf(response)).code]).toEqual([404, 'RUN_NOT_FOUND']);
  });

  it.for(['/runs/%', '/runs/%ff', '/runs/%00', `/runs/${'x'.repeat(513)}`, '/threads/%E0%A4%A/session'])(
    '400: an id that nothing can have, %s',
    async (path) => {
      const response = await served().get(path);
      expect([response.status, (await problemOf(response)).code]).toEqual([400, 'OPTION_INVALID']);
    },
  );

  it.for(['limit=0', 'limit=-1', 'limit=1001', 'limit=', 'limit=ten', 'status=done', 'status=', 'before='])(
    '400: a list with %s',
    async (query) => {
      expect((await served().get(`/runs?${query}`)).status).toBe(400);
    },
  );

  it('404: a page before a run that is not there', async () => {
    const response = await served().get('/runs?before=nobody');
    expect([response.status, (await problemOf(response)).code]).toEqual([404, 'RUN_NOT_FOUND']);
  });

  it.for([
    ['{"action":"kill"}', 'ACTION_UNKNOWN'],
    ['{"reason":{"kind":"shutdown"}}', 'OPTION_INVALID'],
    ['{"because":"x"}', 'OPTION_INVALID'],
    ['[]', 'OPTION_INVALID'],
    ['nonsense', 'OPTION_INVALID'],
  ])('400: a cancel with %s', async ([body, code]) => {
    const client = served();
    const { runId } = await client.start({ definition: 'quick' });
    const response = await client.post(`/runs/${runId}/cancel`, body);
    expect([response.status, (await problemOf(response)).code]).toEqual([400, code]);
  });

  it('405: another method, with those that the path has in Allow', async () => {
    const client = served();
    const all = await client.get('/runs', { method: 'DELETE' });
    const one = await client.post('/runs/some');
    const description = await client.get('/openapi.json', { method: 'PUT' });

    expect([all.status, all.headers.get('allow')]).toEqual([405, 'POST, GET']);
    expect([one.status, one.headers.get('allow')]).toEqual([405, 'GET']);
    expect([description.status, description.headers.get('allow')]).toEqual([405, 'GET']);
    expect(await problemOf(one)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  it.for(['/', '/run', '/runs/a/b', '/runs/a/events/', '/threads/a', '/threads//session', '//runs'])(
    '404: a path with nothing behind it, %s',
    async (path) => {
      const response = await served().get(path);
      expect([response.status, (await problemOf(response)).code]).toEqual([404, 'ENDPOINT_UNKNOWN']);
    },
  );
});

describe('the body of a request', () => {
  const start = JSON.stringify({ definition: 'quick', metadata: { note: 'x'.repeat(80) } });
  const bytes = new TextEncoder().encode(start);

  it('is read to its limit and no further, whatever its length says', async () => {
    const client = served({ maxBodyBytes: bytes.byteLength });
    let taken = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken += 1;
        controller.enqueue(new Uint8Array(100));
      },
    });

    expect((await client.post('/runs', start)).status).toBe(201);
    expect((await client.post('/runs', `${start} `)).status).toBe(413);
    expect((await client.post('/runs', start, { headers: { 'content-length': '999999' } })).status).toBe(413);
    const streamed = await client.post('/runs', undefined, { body: endless, duplex: 'half' });
    expect([streamed.status, (await problemOf(streamed)).code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(taken).toBeLessThan(6);
  });

  it('may come byte by byte', async () => {
    const slow = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const byte of bytes) {
          await Promise.resolve();
          controller.enqueue(new Uint8Array([byte]));
        }
        controller.close();
      },
    });
    const response = await served().post('/runs', undefined, { body: slow, duplex: 'half' });
    expect(response.status).toBe(201);
  });

  it('that is no UTF-8 is 400, and one that breaks off starts nothing', async () => {
    const { errors, logger } = listening();
    const manager = newManager({ definitions: { quick } });
    const client = clientOf(manager, { logger });
    const latin1 = Buffer.from('{"definition":"é"}', 'latin1');
    expect((await client.post('/runs', undefined, { body: latin1 })).status).toBe(400);

    const leaving = new AbortController();
    const halting = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes.subarray(0, 20));
      },
    });
    const answer = client.post('/runs', undefined, { body: halting, duplex: 'half', signal: leaving.signal });
    setTimeout(() => {
      leaving.abort();
    }, 5);
    await answer;
    expect(await manager.list()).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('is not read before the request is authorised', async () => {
    const refused = new Response('no', { status: 403 });
    let isRead = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: () => {
          isRead = true;
        },
      },
      { highWaterMark: 0 },
    );
    const response = await served({ authorise: () => refused }).post('/runs', undefined, {
      body,
      duplex: 'half',
    });
    expect(response).toBe(refused);
    expect(isRead).toBe(false);
  });
});

describe('a failure of the server', () => {
  it.for<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the password is 1234');
      },
    ],
    ['rejects', () => Promise.reject(new Error('the password is 1234'))],
    ['gives nothing', () => undefined],
    ['gives null', () => null],
    ['gives true', () => true],
    ['gives a text', () => 'acme'],
    [
      'gives an object whose class has a wrong tenant',
      () =>
        new (class Session {
          get tenantId() {
            return 7;
          }
        })(),
    ],
    ['misspells the tenant', () => ({ tenant: 'acme' })],
    ['gives a tenant that is no text', () => ({ tenantId: 7 })],
    ['gives an empty tenant', () => ({ tenantId: '' })],
    ['gives a principal that is no data', () => ({ principal: { can: () => true } })],
  ])('is 500, and nobody gets in, where authorise %s', async ([, authorise]) => {
    const { errors, logger } = listening();
    const manager = newManager({ definitions: { quick } });
    const client = clientOf(manager, { authorise: authorise as RunHandlerOptions['authorise'], logger });

    const response = await client.post('/runs', { definition: 'quick' });

    expect(response.status).toBe(500);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'REQUEST_FAILED' });
    expect(problem.detail).not.toMatch(/password|tenant|authorise/);
    expect(errors).toMatchObject([{ code: 'REQUEST_FAILED' }]);
    expect(await manager.list()).toEqual([]);
  });

  it('is 500 where authorise has read the body', async () => {
    const client = served({
      authorise: async (request) => {
        await request.text();
        return {};
      },
    });
    expect((await client.post('/runs', { definition: 'quick' })).status).toBe(500);
  });

  it('is 503 with Retry-After where the store is down, and the client learns nothing of it', async () => {
    class Down extends MemoryRunStore {
      override get = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7'));
      override insert = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7'));
    }
    const { errors, logger } = listening();
    const client = clientOf(newManager({ store: new Down(), definitions: { quick } }), { logger });

    for (const response of [
      await client.get('/runs/some'),
      await client.post('/runs', { definition: 'quick' }),
    ]) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
      const problem = await problemOf(response);
      expect(problem.code).toBe('STORE_UNAVAILABLE');
      expect(problem.detail).not.toContain('10.0.0.7');
    }
    expect(errors).toMatchObject([{ code: 'STORE_UNAVAILABLE' }, { code: 'STORE_UNAVAILABLE' }]);
  });

  it('is 503 for those who start and wait while the manager closes', async () => {
    const manager = newManager({ definitions: { quick } });
    const client = clientOf(manager);
    await manager.close();

    for (const response of [await client.post('/runs', { definition: 'quick' }), await client.get('/runs')])
      expect([response.status, (await problemOf(response)).code]).toEqual([503, 'MANAGER_CLOSED']);
  });

  it('is 500 for whatever else a manager throws, and the handler never rejects', async () => {
    const { errors, logger } = listening();
    const broken = { forTenant: () => ({ list: () => Promise.reject(new Error('a bug')) }) };
    const manager = new Proxy(newManager(), {
      get: (target, name) => (Reflect.get(broken, name) ?? Reflect.get(target, name)) as unknown,
    });
    const response = await clientOf(manager, { logger }).get('/runs');

    expect(response.status).toBe(500);
    expect((await problemOf(response)).detail).not.toContain('a bug');
    await until(() => errors.length === 1);
  });
});

describe('createRunHandler', () => {
  const manager = (): RunManager => newManager();

  it.for<[string, () => unknown]>([
    ['no options', () => undefined],
    ['no manager', () => ({ authorise: () => ({}) })],
    ['no authorise', () => ({ manager: manager() })],
    ['an option that does not exist', () => ({ manager: manager(), authorise: () => ({}), authorize: 1 })],
    [
      'a base path that ends with a slash',
      () => ({ manager: manager(), authorise: () => ({}), basePath: '/' }),
    ],
    ['a base path without a slash', () => ({ manager: manager(), authorise: () => ({}), basePath: 'api' })],
    ['a body limit of 0', () => ({ manager: manager(), authorise: () => ({}), maxBodyBytes: 0 })],
    [
      'a heartbeat that no timer can measure',
      () => ({ manager: manager(), authorise: () => ({}), heartbeatMs: 2 ** 31 }),
    ],
    ['a heartbeat of 0', () => ({ manager: manager(), authorise: () => ({}), heartbeatMs: 0 })],
  ])('refuses %s', ([, options]) => {
    expect(() => createRunHandler(options() as RunHandlerOptions)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
