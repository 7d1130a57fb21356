import type { RunStore } from 'heirline';

type Method = Exclude<keyof RunStore, 'close'>;

/** An error that a store says is worth a repeat. */
export const busy = (): Error => Object.assign(new Error('the store is busy'), { transient: true });

/** What becomes of one call: it may wait, throw, or call the store and lose the answer. */
export type Fault = (call: () => Promise<unknown>) => Promise<unknown>;

/** A store whose calls go wrong in the ways that a test says. */
export class FaultyStore {
  readonly calls: Method[] = [];
  /** Asked for each call; undefined lets it through. */
  fault: (method: Method, nth: number) => Fault | undefined = () => undefined;
  readonly store: RunStore;

  constructor(behind: RunStore) {
    const counts = new Map<Method, number>();
    this.store = new Proxy(behind, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]): unknown => {
          const call = (): Promise<unknown> => Reflect.apply(method, target, given) as Promise<unknown>;
          if (name === 'close') return call();
          const asked = name as Method;
          this.calls.push(asked);
          const nth = (counts.get(asked) ?? 0) + 1;
          counts.set(asked, nth);
          const fault = this.fault(asked, nth);
          return fault === undefined ? call() : fault(call);
        };
      },
    });
  }

  /** How often a method was called. */
  count(method: Method): number {
    return this.calls.filter((name) => name === method).length;
  }
}

/** The call fails, and nothing was done. */
export const failing =
  (error: () => Error): Fault =>
  () =>
    Promise.reject(error());

/** The call is carried out, but its answer is an error. */
export const losing =
  (error: () => Error): Fault =>
  async (call) => {
    await call();
    throw error();
  };

/** Nobody ever answers. */
export const silent: Fault = () => new Promise(() => undefined);
