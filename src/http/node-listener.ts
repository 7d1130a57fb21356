import { printed } from '../ports/error-record.js';
import { dropBody, incomingRequest } from './incoming-request.js';
import type { NodeRequest } from './incoming-request.js';
import { sendResponse } from './send-response.js';
import type { NodeResponse } from './send-response.js';

/**
 * Makes a listener for Node's `http.createServer` of a function that takes a `Request` and gives a `Response`.
 *
 * The signal of the request is aborted when the client leaves. Bodies are read and sent as fast as they are taken. How
 * long a client may take to send its request is the server's `requestTimeout`, by default five minutes.
 *
 * @example
 * {@includeCode ../../examples/api/node-listener.ts}
 */
export function nodeListener(
  handler: (request: Request) => Response | Promise<Response>,
): (incoming: NodeRequest, outgoing: NodeResponse) => void {
  return (incoming, outgoing) => {
    void serve(handler, incoming, outgoing);
  };
}

async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  incoming: NodeRequest,
  outgoing: NodeResponse,
): Promise<void> {
  const leaving = new AbortController();
  // Held until the connection closes: Node's `Request` takes its signal with it when it is collected.
  let request: Request | undefined;
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) leaving.abort(new Error('the client has left'));
    request = undefined;
  });
  // A connection that breaks is told by its close.
  outgoing.on('error', () => undefined);
  incoming.on('error', () => undefined);
  try {
    request = incomingRequest(incoming, leaving.signal);
    const response = request === undefined ? new Response(null, { status: 400 }) : await handler(request);
    await sendResponse(response, outgoing, { withoutBody: incoming.method === 'HEAD' });
  } catch (error) {
    process.emitWarning(`A request could not be answered: ${printed(error)}`);
    if (!outgoing.headersSent) outgoing.writeHead(500, {});
    outgoing.end();
  }
  dropBody(incoming);
}
