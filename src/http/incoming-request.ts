import { isInstanceOf, readProperty } from '../data/foreign-value.js';

/** A request of Node's `http`, as far as it is needed here: an `IncomingMessage` is one. */
export interface NodeRequest {
  /** Such as `GET`. */
  readonly method?: string | undefined;
  /** The path with the query, or the whole address where a proxy is asked. */
  readonly url?: string | undefined;
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** The connection; `encrypted` where it is. */
  readonly socket: object;
  /** True once the whole body has come. */
  readonly complete: boolean;
  /** Listens to `data`, `end`, `error` and `close`. */
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  /** Holds the body back. */
  pause(): unknown;
  /** Lets the body come. */
  resume(): unknown;
  /** Ends the connection. */
  destroy(): unknown;
}

/** How long a client may go on sending a body that nobody reads any more, so that it gets to read the answer. */
const LINGER_MS = 1000;

/** A host without anything behind it: else a header could change the path. */
const plainHost = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i;

/**
 * A request of Node as a `Request`; undefined for one that has none, such as with a method that `fetch` forbids.
 *
 * @param signal is aborted when the client leaves.
 */
export function incomingRequest(incoming: NodeRequest, signal: AbortSignal): Request | undefined {
  const { method = 'GET' } = incoming;
  const url = urlOf(incoming);
  if (url === undefined) return undefined;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    return new Request(url, {
      method,
      headers: headersOf(incoming),
      signal,
      ...(hasBody && { body: bodyOf(incoming), duplex: 'half' }),
    });
  } catch {
    return undefined;
  }
}

/** Sees to it that a body which was not read does not keep the connection. */
export function dropBody(incoming: NodeRequest): void {
  if (incoming.complete) return;
  incoming.resume();
  const timer = setTimeout(() => {
    if (!incoming.complete) incoming.destroy();
  }, LINGER_MS);
  timer.unref();
  incoming.on('close', () => {
    clearTimeout(timer);
  });
}

function urlOf(incoming: NodeRequest): string | undefined {
  const { url = '/', socket, rawHeaders } = incoming;
  // Absolute, as proxies are asked.
  if (/^https?:\/\//i.test(url)) return URL.canParse(url) ? url : undefined;
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  const host = at < 0 ? 'localhost' : (rawHeaders[at + 1] ?? '');
  if (!plainHost.test(host)) return undefined;
  const scheme = readProperty(socket, 'encrypted') === true ? 'https' : 'http';
  const whole = `${scheme}://${host}${url.startsWith('/') ? '' : '/'}${url}`;
  return URL.canParse(whole) ? whole : undefined;
}

function headersOf({ rawHeaders }: NodeRequest): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    headers.append(name, value);
  }
  return headers;
}

/** The body part by part, as it is asked for. */
function bodyOf(incoming: NodeRequest): ReadableStream<Uint8Array> {
  let isBegun = false;
  let isOver = false;
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    isBegun = true;
    const end = (finish: () => void) => (): void => {
      if (isOver) return;
      isOver = true;
      finish();
    };
    incoming.on('data', (part) => {
      if (isOver) return;
      incoming.pause();
      controller.enqueue(isInstanceOf(part, Uint8Array) ? part : new Uint8Array());
    });
    incoming.on(
      'end',
      end(() => {
        controller.close();
      }),
    );
    const broken = end(() => {
      controller.error(new Error('the client has broken off its request'));
    });
    incoming.on('error', broken);
    incoming.on('close', broken);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!isBegun) begin(controller);
        incoming.resume();
      },
      cancel() {
        isOver = true;
        // What still comes is dropped: to destroy the request would end the connection before the answer.
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}
