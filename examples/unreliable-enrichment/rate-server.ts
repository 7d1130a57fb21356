import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with a request. */
type Mood =
  /** Answers with a rate. */
  | 'works'
  /** Answers 503. */
  | 'fails'
  /** Never answers. */
  | 'stalls';

/** A service of exchange rates that is as unreliable as it is told to be. */
export interface RateServer {
  readonly url: string;
  /** How each request is answered from now on. */
  mood: Mood;
  /** How many requests came, and how many of them were refused because too many were under way. */
  readonly requests: { readonly all: number; readonly limited: number; readonly mostAtOnce: number };
  close(): Promise<void>;
}

/** Rates against the euro. */
const rates: Readonly<Record<string, number>> = { EUR: 1, USD: 1.08, CHF: 0.95, JPY: 161.2, SEK: 11.4 };

/**
 * Starts the server on a free port of this machine.
 *
 * `GET /rates/USD` gives `{ "currency": "USD", "rate": 1.08 }`; an unknown currency is 404. More than `mostAtOnce`
 * requests at a time are 429 with `Retry-After`.
 */
export async function startRateServer({
  mostAtOnce = Infinity,
  answerMs = 1,
}: { readonly mostAtOnce?: number; readonly answerMs?: number } = {}): Promise<RateServer> {
  let mood: Mood = 'works';
  let underWay = 0;
  const requests = { all: 0, limited: 0, mostAtOnce: 0 };
  const server = createServer((request, response) => {
    requests.all += 1;
    underWay += 1;
    requests.mostAtOnce = Math.max(requests.mostAtOnce, underWay);
    response.once('close', () => {
      underWay -= 1;
    });
    const answer = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    if (underWay > mostAtOnce) {
      requests.limited += 1;
      answer(429, { error: 'too many requests' }, { 'retry-after': '1' });
      return;
    }
    if (mood === 'stalls') return;
    const currency = decodeURIComponent((request.url ?? '').replace('/rates/', ''));
    const rate = rates[currency];
    setTimeout(() => {
      if (mood === 'fails') answer(503, { error: 'the service is down' });
      else if (rate === undefined) answer(404, { error: `no such currency: ${currency}` });
      else answer(200, { currency, rate });
    }, answerMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get mood() {
      return mood;
    },
    set mood(next: Mood) {
      mood = next;
    },
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        // Requests that stall keep their connections open.
        server.closeAllConnections();
      }),
  };
}

/** An answer of the server that is none: with its status, and what it says of coming again. */
class RateServerError extends Error {
  override readonly name = 'RateServerError';

  constructor(
    readonly status: number,
    /** After how many milliseconds to come again, where the server says so. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(`the rate server answered ${status}`);
  }
}

/** Fetches one rate; ends when the signal aborts. */
export async function fetchRate(url: string, currency: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/rates/${encodeURIComponent(currency)}`, { signal });
  if (!response.ok) {
    const retryAfter = response.headers.get('retry-after');
    await response.body?.cancel();
    throw new RateServerError(response.status, retryAfter === null ? undefined : 1000 * Number(retryAfter));
  }
  const { rate } = (await response.json()) as { rate: number };
  return rate;
}
