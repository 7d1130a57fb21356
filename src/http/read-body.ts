import { ignoreRejection } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { invalidRequest } from './problem.js';

const FIRST_BYTES = 4096;

/**
 * Reads the body of a request as text, and no further than allowed.
 *
 * @throws {@link PipelineError} `PAYLOAD_TOO_LARGE`; `OPTION_INVALID` for what is no UTF-8, or breaks off.
 */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  const { body } = request;
  if (Number(request.headers.get('content-length')) > maxBytes) {
    ignoreRejection(body?.cancel());
    throw tooLarge(maxBytes);
  }
  if (body === null) return '';
  return decoded(await readBytes(body, maxBytes, request.signal));
}

async function readBytes(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const leave = (): void => {
    ignoreRejection(reader.cancel());
  };
  signal.addEventListener('abort', leave, { once: true });
  // One buffer: a client may send its body byte by byte, and each part has an object around it.
  let bytes = new Uint8Array(Math.min(FIRST_BYTES, maxBytes));
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (length + value.byteLength > maxBytes) {
        leave();
        throw tooLarge(maxBytes);
      }
      if (length + value.byteLength > bytes.byteLength) {
        const larger = new Uint8Array(Math.min(maxBytes, 2 * (length + value.byteLength)));
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      bytes.set(value, length);
      length += value.byteLength;
    }
  } finally {
    signal.removeEventListener('abort', leave);
  }
  signal.throwIfAborted();
  return bytes.subarray(0, length);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidRequest('its body is no UTF-8');
  }
}

function tooLarge(maxBytes: number): PipelineError {
  return new PipelineError('PAYLOAD_TOO_LARGE', {
    problem: `The body of the request has more than ${String(maxBytes)} bytes.`,
    remedy: 'Send less: store what is large elsewhere, and refer to it.',
  });
}
