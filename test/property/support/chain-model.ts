import { noCounts, type Counts } from './counts.js';
import {
  becoming,
  Probe,
  type ChainSpec,
  type Happening,
  type Job,
  type StagePolicy,
} from './probe-chain.js';

/** How an item ended, and where. */
type Fate = `${'emitted' | 'filtered' | 'deadLettered' | 'error' | 'dropped'} ${string}`;

/** How an item's way through a row of stages ended, unless it came out of it. */
type Way = { readonly value: unknown } | { readonly fate: Fate };

const failures: readonly (Happening | undefined)[] = [
  ...(['throw', 'throwNothing', 'reject', 'thenableThrows', 'thenableRejects'] as const),
  ...(['cancelAndThrow', 'cancelAndReject'] as const),
];
const cancels: readonly (Happening | undefined)[] = [
  ...(['cancelRun', 'cancelLater', 'cancelAndThrow', 'cancelAndReject', 'cancelAndSkip'] as const),
];
const skips: readonly (Happening | undefined)[] = ['skip', 'asyncSkip', 'cancelAndSkip'];

/** What a chain does with the items of a job: each goes as far as it can before the next one comes. */
export class ChainModel {
  readonly counts: Record<string, Counts> = {};
  readonly outputs: unknown[] = [];
  /** What became of each item that was pulled. */
  readonly fates: Fate[] = [];
  status: 'succeeded' | 'failed' | 'cancelled' = 'succeeded';
  code: string | undefined;
  path: string | undefined;
  /** Of the child that is under way. */
  #childFailure: { code: string; path: string } | undefined;
  /** By whom the child's own scope was cancelled. */
  #childCancelledAt: string | undefined;
  #isHandled = false;

  constructor(
    private readonly spec: ChainSpec,
    job: Job,
    private readonly hasLetters: boolean,
  ) {
    const { place, stages } = spec;
    const below = place === 'root' ? 'root' : 'root/child';
    for (const [index] of stages.entries()) this.#at(`${below}/t${index}`);
    const ends = place === 'root' ? ['sink'] : ['sink', 'child', 'child/input', 'child/output'];
    for (const path of ['source', ...ends]) this.#at(`root/${path}`);
    for (const probe of job.probes) {
      if (this.status !== 'succeeded') break;
      this.#pass('root/source');
      this.fates.push(this.#item(probe));
    }
  }

  #at(path: string): Counts {
    return (this.counts[path] ??= noCounts());
  }

  #pass(path: string): void {
    const counts = this.#at(path);
    counts.in += 1;
    counts.out += 1;
    counts.emitted += 1;
  }

  #item(probe: Probe): Fate {
    const way = this.spec.place === 'root' ? this.#stages('root', probe) : this.#child(probe);
    if ('fate' in way) return way.fate;
    const end = this.#stage('root/sink', this.spec.stages.length, this.spec.sinkPolicy, way.value);
    if ('fate' in end) return end.fate;
    this.outputs.push(way.value);
    return 'emitted root/sink';
  }

  #stages(path: string, probe: Probe): Way {
    let way: Way = { value: probe };
    for (const [index, { policy }] of this.spec.stages.entries()) {
      if ('fate' in way) return way;
      way = this.#stage(`${path}/t${index}`, index, policy, way.value);
    }
    return way;
  }

  #stage(path: string, index: number, policy: StagePolicy, value: unknown): Way {
    const counts = this.#at(path);
    const isSink = path === 'root/sink';
    const inChild = path.startsWith('root/child/');
    counts.in += 1;
    if (this.#isHalted(inChild)) {
      counts.cancelled += 1;
      return { fate: `dropped ${path}` };
    }
    const happening = value instanceof Probe ? value.script[index] : undefined;
    const triesAgain = policy === 'retryThenSkip' || policy === 'retryThenFail';
    const isOnce = happening === 'throwOnce' || happening === 'rejectOnce';
    if (cancels.includes(happening)) this.#cancel(path);
    if (happening === 'cancelContext') this.#cancelScope(path, inChild);
    if (failures.includes(happening) || (isOnce && !triesAgain)) {
      if (this.#isCancelled(inChild)) {
        counts.cancelled += 1;
        return { fate: `dropped ${path}` };
      }
      if (triesAgain) counts.retried += 1;
      return { fate: this.#fail(path, policy, inChild) };
    }
    if (isOnce) counts.retried += 1;
    if (!isSink && skips.includes(happening)) {
      counts.filtered += 1;
      return { fate: `filtered ${path}` };
    }
    counts.out += 1;
    if (isSink) return { value };
    counts.emitted += 1;
    return { value: happening !== undefined && becoming.has(happening) ? becoming.get(happening) : value };
  }

  #fail(path: string, policy: StagePolicy, inChild: boolean): Fate {
    const counts = this.#at(path);
    if (policy === 'skip' || policy === 'retryThenSkip') {
      counts.filtered += 1;
      this.#isHandled = true;
      return `filtered ${path}`;
    }
    if (policy === 'deadLetter' && this.hasLetters) {
      counts.deadLettered += 1;
      this.#isHandled = true;
      return `deadLettered ${path}`;
    }
    counts.failed += 1;
    if (inChild) this.#childFailure = { code: 'NODE_FAILED', path };
    else this.#end('failed', 'NODE_FAILED', path);
    return `error ${path}`;
  }

  #child(probe: Probe): Way {
    this.#childFailure = undefined;
    this.#childCancelledAt = undefined;
    this.#isHandled = false;
    const counts = this.#at('root/child');
    counts.in += 1;
    this.#pass('root/child/input');
    let way = this.#stages('root/child', probe);
    if (!('fate' in way)) {
      const output = this.#at('root/child/output');
      output.in += 1;
      if (this.#isHalted(true)) {
        output.cancelled += 1;
        way = { fate: 'dropped root/child/output' };
      } else {
        output.out += 1;
        output.emitted += 1;
      }
    }
    if (this.#isCancelled(false)) {
      counts.cancelled += 1;
      return { fate: 'dropped root/child' };
    }
    const failure = this.#childFailure ?? this.#childProblem('fate' in way);
    if (failure !== undefined) {
      if (this.spec.childPolicy === 'skip') {
        counts.filtered += 1;
        return { fate: 'filtered root/child' };
      }
      counts.failed += 1;
      this.#end('failed', failure.code, failure.path);
      return 'fate' in way && way.fate.startsWith('error ') ? way : { fate: 'error root/child' };
    }
    if ('fate' in way) {
      counts.filtered += 1;
      return way;
    }
    counts.out += 1;
    counts.emitted += 1;
    return way;
  }

  #childProblem(isEmpty: boolean): { code: string; path: string } | undefined {
    if (this.#childCancelledAt !== undefined) return { code: 'RUN_CANCELLED', path: this.#childCancelledAt };
    const isMissing = isEmpty && !this.#isHandled && this.spec.output === 'one';
    return isMissing ? { code: 'COMPOSITE_NO_OUTPUT', path: 'root/child' } : undefined;
  }

  #cancel(path: string): void {
    this.#end('cancelled', 'RUN_CANCELLED', path);
  }

  #cancelScope(path: string, inChild: boolean): void {
    if (inChild && this.spec.place === 'scope') this.#childCancelledAt ??= path;
    else this.#cancel(path);
  }

  #isCancelled(inChild: boolean): boolean {
    return this.status === 'cancelled' || (inChild && this.#childCancelledAt !== undefined);
  }

  #isHalted(inChild: boolean): boolean {
    return (
      this.#isCancelled(inChild) || (inChild ? this.#childFailure !== undefined : this.status !== 'succeeded')
    );
  }

  #end(status: 'failed' | 'cancelled', code: string, path: string): void {
    if (this.status !== 'succeeded') return;
    this.status = status;
    this.code = code;
    this.path = path;
  }
}
