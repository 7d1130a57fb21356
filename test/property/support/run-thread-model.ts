/** What a run of the model does once it runs. */
export type ModelWork = 'quick' | 'fails' | 'waits';
export type ModelStrategy = 'reject' | 'enqueue' | 'interrupt' | 'rollback';
type ModelStatus = 'pending' | 'running' | 'success' | 'error' | 'interrupted';

/** One run of the model. */
export interface ModelRun {
  readonly work: ModelWork;
  status: ModelStatus;
  stopReason?: string;
}

/** One thread as the rules say it is; shares no code with the manager. */
export class ModelThread {
  readonly runs: ModelRun[] = [];

  constructor(readonly maxQueued: number) {}

  get successes(): number {
    return this.runs.filter(({ status }) => status === 'success').length;
  }

  /** Gives the run, or the code of the refusal. */
  start(strategy: ModelStrategy, work: ModelWork): ModelRun | string {
    const open = this.#open();
    if (open.length > 0 && strategy === 'reject') return 'RUN_CONFLICT';
    const waiting = open.filter(({ status }) => status === 'pending').length;
    if (open.length > 0 && strategy === 'enqueue' && waiting >= this.maxQueued) return 'QUEUE_FULL';
    if (strategy === 'interrupt' || strategy === 'rollback') {
      for (const elder of open) {
        elder.status = 'interrupted';
        elder.stopReason = 'superseded';
      }
    }
    const run: ModelRun = { work, status: 'pending' };
    this.runs.push(run);
    this.#advance();
    return run;
  }

  cancel(run: ModelRun): string {
    if (run.status === 'interrupted') return 'cancelled';
    if (run.status !== 'pending' && run.status !== 'running') return 'not_cancellable';
    run.status = 'interrupted';
    run.stopReason = 'user';
    this.#advance();
    return 'cancelled';
  }

  /** Lets the run that waits for it end. */
  release(): void {
    const [first] = this.#open();
    if (first?.status === 'running') first.status = 'success';
    this.#advance();
  }

  #open(): ModelRun[] {
    return this.runs.filter(({ status }) => status === 'pending' || status === 'running');
  }

  #advance(): void {
    for (const run of this.#open()) {
      if (run.status === 'pending') run.status = 'running';
      if (run.work === 'waits') return;
      run.status = run.work === 'quick' ? 'success' : 'error';
    }
  }
}
