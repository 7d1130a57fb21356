// The service, as a process of its own: server.ts FILE PORT. It prints its port, and ends well on SIGTERM.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeOnSignals, RunManager } from 'heirline';
import { createRunHandler, nodeListener } from 'heirline/http';
import { Hono } from 'hono';
import { Answer } from './answer.js';
import { openStore } from './store.js';
import { userOf } from './users.js';

const [file = '', port = '0'] = process.argv.slice(2);
const manager = new RunManager({
  store: openStore(file),
  definitions: { answer: Answer },
  // A dead owner's runs are taken over within a second and a half.
  ...{ leaseMs: 600, heartbeatMs: 150, graceMs: 300, sweepMs: 300 },
});
const runs = createRunHandler({
  manager,
  basePath: '/api',
  disconnectGraceMs: 100,
  authorise: ({ headers }) => {
    const user = userOf(headers.get('authorization'));
    if (user === undefined) return new Response('who are you?', { status: 401 });
    return { tenantId: user.company, principal: { user: user.name } };
  },
});

const app = new Hono();
app.get('/', (context) => context.text('a service of runs'));
app.all('/api/*', (context) => runs(context.req.raw));

const server = createServer(nodeListener((request) => app.fetch(request)));
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');
closeOnSignals(manager, { timeoutMs: 2000 });
process.once('SIGTERM', () => {
  void endServer();
});
console.log((server.address() as AddressInfo).port);

/** Accepts nothing more, and lets go of each connection once its answer is through. */
async function endServer(): Promise<void> {
  server.close();
  await manager.close();
  setInterval(() => {
    server.closeIdleConnections();
  }, 20).unref();
}
