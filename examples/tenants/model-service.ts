import { setTimeout as sleep } from 'node:timers/promises';

/** One call of a model. */
export interface ModelRequest {
  readonly apiKey: string;
  readonly model: string;
  readonly instructions: string;
  readonly text: string;
  readonly signal: AbortSignal;
}

export interface ModelReply {
  /** The account that the key belongs to. */
  readonly account: string | undefined;
  readonly text: string;
  readonly usage: {
    readonly inputTokens: number;
    readonly cachedTokens: number;
    readonly outputTokens: number;
  };
}

/** Stands for a service of models, which all tenants share; it knows them by their keys only. */
export class ModelService {
  readonly #accounts: ReadonlyMap<string, string>;
  readonly #seen = new Set<string>();

  /** @param accounts the account of each key. */
  constructor(accounts: ReadonlyMap<string, string>) {
    this.#accounts = accounts;
  }

  async complete({ apiKey, model, instructions, text, signal }: ModelRequest): Promise<ModelReply> {
    await sleep(1 + (text.length % 5), undefined, { signal });
    // What an account has sent before is cached.
    const prompt = JSON.stringify([apiKey, model, instructions]);
    const isCached = this.#seen.has(prompt);
    this.#seen.add(prompt);
    const reply = `About "${text.slice(0, 24)}": we look after it.`;
    return {
      account: this.#accounts.get(apiKey),
      text: reply,
      usage: {
        inputTokens: tokens(instructions) + tokens(text),
        cachedTokens: isCached ? tokens(instructions) : 0,
        outputTokens: tokens(reply),
      },
    };
  }
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}
