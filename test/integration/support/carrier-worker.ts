import { parentPort, workerData } from 'node:worker_threads';
import {
  cooperate,
  mapSecrets,
  PipelineError,
  RunContext,
  runPipeline,
  type PipelineBuilder,
  type PipelineContext,
  type PipelineDefinition,
  type RunCarrier,
} from 'heirline';

/** What the other thread asks for. */
export interface CarrierTask {
  readonly carrier: RunCarrier;
  readonly secrets: Readonly<Record<string, string>>;
  /** The secrets that are read, and how many tokens are spent. */
  readonly names: readonly string[];
  readonly tokens: number;
  /** Whether the node works until it is cancelled. */
  readonly endless: boolean;
}

/** What was seen in the worker. */
export interface CarrierReport {
  readonly started: boolean;
  readonly ids?: Readonly<Record<string, unknown>>;
  readonly deadline?: number | undefined;
  readonly secrets?: readonly string[];
  readonly left?: number;
  readonly end: {
    readonly code?: string;
    readonly kind?: string;
    readonly status?: string;
    readonly runId?: string;
  };
}

const task = workerData as CarrierTask;
let report: Omit<CarrierReport, 'end'> = { started: false };

async function work(context: PipelineContext): Promise<void> {
  const { run } = context;
  const secrets: string[] = [];
  for (const name of task.names) {
    try {
      secrets.push((await run.secrets.get(name)).reveal());
    } catch (error) {
      secrets.push(error instanceof PipelineError ? error.code : 'unknown');
    }
  }
  const { runId, rootRunId, parentRunId, threadId, followUpToRunId, correlationId } = run;
  const { traceparent, tracestate, tenantId, principal } = run;
  report = {
    started: true,
    ids: {
      ...{ runId, rootRunId, parentRunId, threadId, followUpToRunId, correlationId },
      ...{ traceparent, tracestate, tenantId, principal },
    },
    deadline: run.deadline?.getTime(),
    secrets,
    left: run.budget.remaining('tokens'),
  };
  if (task.tokens > 0)
    run.cost.record({ callId: 'in the worker', model: 'm', inputTokens: task.tokens, outputTokens: 0 });
  const pause = cooperate(context.signal);
  while (task.endless) await pause();
}

class Work implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    builder.connect(
      builder.addSource([1], 'source'),
      builder.addSink((_item: number, context) => work(context), 'node'),
    );
  }
}

/** How the run ended, as plain data. */
async function ended(): Promise<CarrierReport['end']> {
  try {
    const run = RunContext.fromCarrier(task.carrier, { secrets: mapSecrets(task.secrets) });
    const { status, runId } = await runPipeline(Work, { run });
    return { status, runId };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { code, result } = error;
    const kind = (error as { reason?: { kind: string } }).reason?.kind;
    return {
      code,
      ...(kind === undefined ? {} : { kind }),
      ...(result === undefined ? {} : { status: result.status, runId: result.runId }),
    };
  }
}

const end = await ended();
parentPort?.postMessage({ ...report, end });
