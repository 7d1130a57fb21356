import { createServer } from 'node:http';
import { RunManager } from 'heirline';
import { createRunHandler, nodeListener, type RequestIdentity, type RunHandler } from 'heirline/http';
import { Hono } from 'hono';
import { describe, expectTypeOf, it } from 'vitest';

const manager = new RunManager();

describe('createRunHandler', () => {
  it('gives a function that servers of the web take', () => {
    const handler = createRunHandler({ manager, authorise: () => ({ tenantId: 'acme' }) });
    expectTypeOf(handler).toEqualTypeOf<RunHandler>();
    expectTypeOf(handler).toExtend<(request: Request) => Promise<Response>>();
    new Hono().all('/api/*', (context) => handler(context.req.raw));
    createServer(nodeListener(handler));
    createServer(nodeListener((request) => new Hono().fetch(request)));
  });

  it('takes an authorise that answers at once or later, with an identity or an answer of its own', () => {
    createRunHandler({ manager, authorise: async () => Promise.resolve({ principal: { user: 'Ada' } }) });
    createRunHandler({
      manager,
      authorise: ({ headers }, action): RequestIdentity | Response =>
        headers.has('authorization') || action === 'list' ? {} : new Response(null, { status: 401 }),
    });
  });

  it('refuses one that is left out, or says something else', () => {
    // @ts-expect-error nobody is let in without being asked
    createRunHandler({ manager });
    // @ts-expect-error no manager
    createRunHandler({ authorise: () => ({}) });
    // @ts-expect-error the word is tenantId
    createRunHandler({ manager, authorise: () => ({ tenant: 'acme' }) });
    // @ts-expect-error neither an identity nor an answer
    createRunHandler({ manager, authorise: () => true });
    // @ts-expect-error a number is no tenant
    createRunHandler({ manager, authorise: () => ({ tenantId: 7 }) });
  });
});
