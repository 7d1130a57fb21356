import { RunManager, type PipelineBuilder } from 'heirline';
import { createRunHandler } from 'heirline/http';

class Greet {
  define(builder: PipelineBuilder) {
    const names = builder.addSource(['Ada'], 'names');
    builder.addSink((name, { run }) => console.log(`hello ${name}, from ${run.requireTenant()}`), {
      from: names,
    });
  }
}

const manager = new RunManager({ definitions: { greet: Greet } });
const handler = createRunHandler({
  manager,
  authorise: ({ headers }) => {
    const isKnown = headers.get('authorization') === 'Bearer of-acme';
    return isKnown ? { tenantId: 'acme' } : new Response('who are you?', { status: 401 });
  },
});

// A server hands its requests over: app.all('*', (c) => handler(c.req.raw)), or nodeListener(handler).
const headers = { authorization: 'Bearer of-acme' };
const body = JSON.stringify({ definition: 'greet', threadId: 'conversation-7' });
const started = await handler(new Request('http://localhost/runs', { method: 'POST', headers, body }));
const path = started.headers.get('location');
const ended = await handler(new Request(`http://localhost${path}/wait`, { headers }));
const { status } = (await ended.json()) as { status: string };
console.log(started.status, status, (await handler(new Request('http://localhost/runs'))).status);
await manager.close();

// prints
// hello Ada, from acme
// 201 success 401
