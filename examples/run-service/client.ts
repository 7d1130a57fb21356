/** A run as the service tells of it. */
export interface Run {
  readonly runId: string;
  readonly status: string;
  readonly stopReason?: string;
}

/** What the service says where it refuses. */
export interface Problem {
  readonly status: number;
  readonly code: string;
}

/** One event of a run. */
export interface Event {
  readonly type: string;
  readonly path?: string;
  readonly status?: string;
}

/** Somebody who uses the service: it knows nothing of the library but HTTP. */
export class Client {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = `${url}/api`;
    this.#token = token;
  }

  async call<T>(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Answered<T>> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** Starts a run that answers a question; what the service refuses is an error. */
  async ask(thread: string, question: string, more: AskOptions = {}): Promise<Run> {
    const { status, body } = await this.tryToAsk(thread, question, more);
    if (status >= 400) throw new Error(JSON.stringify(body));
    return body;
  }

  async tryToAsk(
    thread: string,
    question: string,
    { takesMs = 0, key, ...options }: AskOptions = {},
  ): Promise<Answered<Run & Problem>> {
    const context = { parameters: { question, takesMs } };
    const body = { definition: 'answer', threadId: thread, context, ...options };
    return await this.call('POST', '/runs', body, key === undefined ? {} : { 'idempotency-key': key });
  }

  /** Waits until a run has ended. */
  async wait({ runId }: Run): Promise<Run> {
    return (await this.call<Run>('GET', `/runs/${runId}/wait`)).body;
  }

  async session(thread: string): Promise<unknown> {
    return (await this.call('GET', `/threads/${encodeURIComponent(thread)}/session`)).body;
  }

  /** Follows a run; to leave the loop is to disconnect. */
  async *follow({ runId }: Run): AsyncGenerator<Event, void> {
    const leaving = new AbortController();
    const response = await fetch(`${this.#url}/runs/${runId}/events`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: leaving.signal,
    });
    try {
      let text = '';
      for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const [, data] = /^data: (.*)$/m.exec(block) ?? [];
          if (data !== undefined) yield JSON.parse(data) as Event;
        }
      }
    } finally {
      leaving.abort();
    }
  }
}

/** How a question is asked. */
export interface AskOptions {
  readonly takesMs?: number;
  readonly key?: string;
  readonly strategy?: string;
  readonly onDisconnect?: string;
}

/** What the service has answered. */
export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}
