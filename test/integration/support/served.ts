import type { RunManager } from 'heirline';
import { createRunHandler, type RunHandler, type RunHandlerOptions } from 'heirline/http';

/** A problem of RFC 9457, as a client reads it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly outcome?: string;
}

/** A run as a client reads it. */
export interface ClientRun {
  readonly runId: string;
  readonly status: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly threadId?: string;
  readonly tenantId?: string;
  readonly stopReason?: string;
  readonly strategy: string;
  readonly metadata: unknown;
  readonly error?: { readonly name: string; readonly code?: string; readonly stack?: string };
}

/** A client of a service in this process. */
export interface Client {
  get(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body?: unknown, init?: RequestInit): Promise<Response>;
  /** Starts a run that must be accepted. */
  start(body: object): Promise<ClientRun>;
  /** Waits for the end of a run. */
  wait(runId: string): Promise<ClientRun>;
}

/** A client of a handler; without an `authorise` all requests act for nobody. */
export function clientOf(manager: RunManager, options: Partial<RunHandlerOptions> = {}): Client {
  return clientOfHandler(createRunHandler({ manager, authorise: () => ({}), ...options }));
}

/** A client of a handler, which may act for a tenant. */
export function clientOfHandler(handler: RunHandler, tenant?: string): Client {
  const request = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (tenant !== undefined) headers.set('x-tenant', tenant);
    return handler(new Request(`http://service.test${path}`, { ...init, headers }));
  };
  const post: Client['post'] = (path, body, init) =>
    request(path, {
      method: 'POST',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...init,
    });
  return {
    get: request,
    post,
    start: async (body) => {
      const response = await post('/runs', body);
      if (response.status !== 201) throw new Error(`${String(response.status)}: ${await response.text()}`);
      return (await response.json()) as ClientRun;
    },
    wait: async (runId) => (await (await request(`/runs/${runId}/wait`)).json()) as ClientRun,
  };
}

/** The body of an answer that is a problem. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`no problem, but ${String(type)}`);
  return (await response.json()) as Problem;
}

/** One event of an event stream, as a browser parses it. */
export interface SentEvent {
  readonly id: number;
  readonly data: { readonly type: string; readonly [field: string]: unknown };
}

/** Reads an event stream piece by piece; leaving the loop disconnects. */
export async function* sentEvents(response: Response): AsyncGenerator<SentEvent | 'comment', void> {
  if (response.body === null) throw new Error('no body');
  const body: ReadableStream<Uint8Array> = response.body;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) yield parsed(block);
    }
  } finally {
    await reader.cancel();
  }
}

/** Reads one event, and disconnects. */
export async function firstSentEvent(response: Response): Promise<SentEvent | 'comment' | undefined> {
  const events = sentEvents(response);
  const { value } = await events.next();
  await events.return();
  return value ?? undefined;
}

/** All events of a stream, without the comments. */
export async function allSentEvents(response: Response): Promise<SentEvent[]> {
  const events: SentEvent[] = [];
  for await (const event of sentEvents(response)) if (event !== 'comment') events.push(event);
  return events;
}

function parsed(block: string): SentEvent | 'comment' {
  if (block === ':') return 'comment';
  const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
  if (id === undefined || data === undefined) throw new Error(`no event: ${block}`);
  return { id: Number(id), data: JSON.parse(data) as SentEvent['data'] };
}
