import { EndDeadline } from '../../../src/engine/execution/end-deadline.js';
import { Execution } from '../../../src/engine/execution/execution.js';
import { PathLedger } from '../../../src/engine/execution/path-ledger.js';
import { RunState } from '../../../src/engine/execution/run-state.js';
import { Stage } from '../../../src/engine/stages/stage.js';
import type { StageSite } from '../../../src/engine/execution/stage-site.js';
import type { Work } from '../../../src/engine/execution/work.js';
import type { ItemTrace } from '../../../src/lineage/item-trace.js';
import { root } from './frames.js';

/** The place of the one node of {@link execution}. */
export const site: StageSite = {
  id: 'node',
  kind: 'transform',
  path: 'root/node',
  metadata: {},
  index: 0,
  slot: 0,
};

/** An execution of a pipeline with one node, at the root of a run. */
export function execution(slots = 4): Execution {
  const top = root();
  const ledger = new PathLedger();
  ledger.indexOf({ path: site.path, nodeId: site.id, pipelineName: 'root', isComposite: false });
  const run = new RunState(ledger, undefined, top, new EndDeadline(100));
  const plan = { toleration: undefined, isTolerated: false, states: Array.from({ length: slots }) };
  return new Execution(run, top.frame, undefined, plan);
}

/** A promise that a test settles. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return {
    promise,
    resolve: (value) => {
      resolve(value);
    },
    reject: (reason) => {
      reject(reason);
    },
  };
}

/** Lets promises that have settled be noticed. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A stage that notes what it is told; each item waits until the test lets it go, where there is something to wait for. */
export class RecordingStage extends Stage {
  readonly log: string[] = [];
  /** What followed the items that are followed. */
  readonly traces: ItemTrace[] = [];
  closed = false;

  constructor(private readonly waits: Readonly<Record<string, Deferred>> = {}) {
    super();
  }

  override push(_execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
    this.log.push(String(item));
    if (trace !== undefined) this.traces.push(trace);
    return this.waits[String(item)]?.promise;
  }

  override end(): Work {
    this.log.push('end');
    return undefined;
  }

  override isClosed(): boolean {
    return this.closed;
  }
}
