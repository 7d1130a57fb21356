import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keyOf, type Rating } from './film.js';

/** What the server does with a request. */
type Mood =
  /** Answers with the rating, or 404 where it knows none. */
  | 'works'
  /** Answers 503. */
  | 'fails'
  /** Never answers. */
  | 'stalls'
  /** Drops the connection. */
  | 'is down';

/** Decides what happens to a request. `film` is its film's number, by the order in which films are first asked for. */
export type MoodOf = (film: number, isAgain: boolean) => Mood;

/** How a {@link RatingServer} is set up. */
export interface RatingServerOptions {
  readonly ratings: ReadonlyMap<string, Rating>;
  /** Default: it works. */
  readonly mood?: MoodOf;
  /** After so many answers the server has a rest, and answers 429 with `Retry-After`. Default: never. */
  readonly restAfter?: number;
  /** How long an answer takes, in milliseconds. Default 0. */
  readonly answerMs?: number;
}

const REST_MS = 900;

/**
 * A service of film ratings over HTTP that is as unreliable as it is told to be.
 *
 * `GET /?title=Titanic&released=Dec+19+1997` gives `{ "rating": 7.4, "votes": 240732 }`.
 */
export class RatingServer {
  /** How requests are answered from now on. */
  mood: MoodOf;
  /** What the server has done so far: `limited` counts answers with 429, `mostAtOnce` requests under way at once. */
  readonly requests = { all: 0, answered: 0, failed: 0, stalled: 0, dropped: 0, limited: 0, mostAtOnce: 0 };
  readonly #options: RatingServerOptions;
  readonly #server = createServer((request, response) => {
    this.#receive(request, response);
  });
  /** The films in the order in which they were first asked for, from 1. */
  readonly #numbers = new Map<string, number>();
  #underWay = 0;
  #restsUntil = 0;

  private constructor(options: RatingServerOptions) {
    this.#options = options;
    this.mood = options.mood ?? (() => 'works');
  }

  /** Starts a server on a free port of this machine. */
  static async start(options: RatingServerOptions): Promise<RatingServer> {
    const server = new RatingServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${String(port)}`;
  }

  /** Closes the server, and the connections of requests that stall. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.requests.all += 1;
    this.#underWay += 1;
    this.requests.mostAtOnce = Math.max(this.requests.mostAtOnce, this.#underWay);
    response.once('close', () => {
      this.#underWay -= 1;
    });
    const restMs = this.#restsUntil - performance.now();
    if (restMs > 0) {
      this.requests.limited += 1;
      response.writeHead(429, { 'retry-after': String(Math.ceil(restMs / 1000)) }).end();
      return;
    }
    const { searchParams } = new URL(request.url ?? '/', this.url);
    const film = keyOf({ title: searchParams.get('title'), released: searchParams.get('released') ?? '' });
    const known = this.#numbers.get(film);
    const number = known ?? this.#numbers.size + 1;
    this.#numbers.set(film, number);
    switch (this.mood(number, known !== undefined)) {
      case 'works':
        this.#answer(film, response);
        break;
      case 'fails':
        this.requests.failed += 1;
        response.writeHead(503).end();
        break;
      case 'stalls':
        this.requests.stalled += 1;
        break;
      case 'is down':
        this.requests.dropped += 1;
        request.socket.destroy();
    }
  }

  #answer(film: string, response: ServerResponse): void {
    const { ratings, restAfter = Infinity, answerMs = 0 } = this.#options;
    this.requests.answered += 1;
    if (this.requests.answered % restAfter === 0) this.#restsUntil = performance.now() + REST_MS;
    const rating = ratings.get(film);
    const send = (): void => {
      if (rating === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rating));
    };
    if (answerMs > 0) setTimeout(send, answerMs);
    else send();
  }
}
