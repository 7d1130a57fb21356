import type { RunEvent } from '../runs/run-event.js';
import { runForm } from './run-form.js';
import type { Subscription } from '../runs/run-handle.js';

/** What an event stream is told beside its events. */
export interface EventStreamOptions {
  readonly heartbeatMs: number;
  /** Once its signal is aborted, the client has left. The signal alone would not do: it lives as long as the request. */
  readonly request: Request;
  /** Told why the stream broke off; not of a client that has left. */
  readonly failed: (error: unknown) => void;
}

/** What a step of the subscription has come to. */
type Step = { readonly result: IteratorResult<RunEvent, unknown> } | { readonly error: unknown };

const heartbeat = ':\n\n';

/**
 * The events of a run as server-sent events: one at a time, when the client takes it, so that nothing is kept for a
 * client that is slow.
 */
export class EventStream {
  readonly #subscription: Subscription;
  readonly #events: AsyncIterator<RunEvent, unknown>;
  readonly #options: EventStreamOptions;
  readonly #encoder = new TextEncoder();
  #isAsked = false;
  #step: Step | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(subscription: Subscription, options: EventStreamOptions) {
    this.#subscription = subscription;
    this.#events = subscription[Symbol.asyncIterator]();
    this.#options = options;
    const { signal } = options.request;
    signal.addEventListener('abort', this.#leave);
    if (signal.aborted) this.#leave();
  }

  /**
   * Waits for the first event; false where there is none.
   *
   * Rejects where the events cannot be read.
   */
  async hasEvents(): Promise<boolean> {
    await this.#arrival();
    const step = this.#step;
    if (step !== undefined && 'error' in step) {
      this.#leave();
      throw step.error;
    }
    const isThere = step?.result.done === false;
    if (!isThere) this.#leave();
    return isThere;
  }

  /** The body of the answer. */
  body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: this.#leave },
      // Nothing is read before the client asks for it.
      { highWaterMark: 0 },
    );
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    await this.#arrival(this.#options.heartbeatMs);
    if (this.#isOver) {
      controller.error(this.#options.request.signal.reason);
      return;
    }
    const step = this.#step;
    this.#step = undefined;
    if (step === undefined) {
      controller.enqueue(this.#encoder.encode(heartbeat));
    } else if ('error' in step) {
      this.#leave();
      this.#options.failed(step.error);
      controller.error(step.error);
    } else if (step.result.done === true) {
      this.#leave();
      controller.close();
    } else {
      controller.enqueue(this.#encoder.encode(serverSentEvent(step.result.value)));
    }
  }

  /** Resolves once a step is there, when the client has left, or after a time. */
  async #arrival(limitMs?: number): Promise<void> {
    this.#ask();
    if (this.#step !== undefined || this.#isOver) return;
    await new Promise<void>((resolve) => {
      const timer = limitMs === undefined ? undefined : setTimeout(resolve, limitMs).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Asks for the next event, unless that has been asked for, or is there. */
  #ask(): void {
    if (this.#isAsked || this.#step !== undefined || this.#isOver) return;
    this.#isAsked = true;
    const arrived = (step: Step): void => {
      this.#isAsked = false;
      this.#step = step;
      this.#wake?.();
    };
    this.#events.next().then(
      (result) => {
        arrived({ result });
      },
      (error: unknown) => {
        arrived({ error });
      },
    );
  }

  readonly #leave = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.request.signal.removeEventListener('abort', this.#leave);
    this.#subscription.close();
    this.#wake?.();
  };
}

/** One event; the id of a gap is the last number that is missing, so that a client goes on behind it. */
function serverSentEvent(event: RunEvent): string {
  const id = event.type === 'gap' ? event.to : event.seq;
  // JSON has no line breaks.
  return `id: ${String(id)}\ndata: ${JSON.stringify(runForm(event))}\n\n`;
}
