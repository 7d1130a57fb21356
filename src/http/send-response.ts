import { ignoreRejection } from '../data/foreign-value.js';

/** A response of Node's `http`, as far as it is needed here: a `ServerResponse` is one. */
export interface NodeResponse {
  /** True once the connection has gone. */
  readonly destroyed: boolean;
  /** True once the head can no longer be changed. */
  readonly headersSent: boolean;
  /** True once all has been handed to the system. */
  readonly writableFinished: boolean;
  /** Sets status and headers. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  /** Sends the head without waiting for the body. */
  flushHeaders(): void;
  /** Sends a part of the body; false where the next one should wait for `drain`. */
  write(part: Uint8Array): boolean;
  /** Ends the body. */
  end(): unknown;
  /** Ends the connection. */
  destroy(): unknown;
  /** Listens to `drain`, `close` and `error`. */
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  /** Stops listening. */
  off(event: string, listener: (...values: unknown[]) => void): unknown;
}

/**
 * Sends a `Response` through a response of Node, as fast as the client takes it.
 *
 * A client that leaves cancels the body; a body that breaks off breaks the connection, so that nobody takes what came
 * for the whole.
 */
export async function sendResponse(
  response: Response,
  outgoing: NodeResponse,
  { withoutBody }: { readonly withoutBody: boolean },
): Promise<void> {
  const { body, status } = response;
  if (outgoing.destroyed) {
    ignoreRejection(body?.cancel());
    return;
  }
  outgoing.writeHead(status, headersOf(response));
  if (body === null || withoutBody) {
    ignoreRejection(body?.cancel());
    outgoing.end();
    return;
  }
  // The first event of a stream may be far away.
  outgoing.flushHeaders();
  await sendBody(body, outgoing);
}

async function sendBody(body: ReadableStream<Uint8Array>, outgoing: NodeResponse): Promise<void> {
  const reader = body.getReader();
  const leave = (): void => {
    ignoreRejection(reader.cancel());
  };
  outgoing.on('close', leave);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.destroyed) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  } finally {
    outgoing.off('close', leave);
  }
}

/** Resolves once there is room again, and when the client has left. */
function drained(outgoing: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      outgoing.off('drain', end);
      outgoing.off('close', end);
      resolve();
    };
    outgoing.on('drain', end);
    outgoing.on('close', end);
    if (outgoing.destroyed) end();
  });
}

function headersOf({ headers }: Response): Record<string, string | string[]> {
  const named: Record<string, string | string[]> = {};
  headers.forEach((value, name) => {
    named[name] = value;
  });
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) named['set-cookie'] = cookies;
  return named;
}
