import type { Draft } from '../data/draft.js';
import { randomUUID } from 'node:crypto';
import type { DefinitionSource } from '../builder/blueprint.js';
import { isInstanceOf, isThenable } from '../data/foreign-value.js';
import type { JsonObject } from '../data/json-value.js';
import { wrongUse } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { idempotencyConflict } from '../errors/run-errors.js';
import { cancelRun } from './cancel-run.js';
import { OwnRun } from './own-run.js';
import type { RunDesk } from './run-desk.js';
import { FollowedHandle, OwnHandle } from './run-handle.js';
import type { RunHandle } from './run-handle.js';
import { noCost } from './run-record.js';
import type { RunRecord } from './run-record.js';
import { openStatuses } from './run-status.js';
import { contextOfInput, inputOf, startContext } from './start-context.js';
import type { StartContext } from './start-context.js';
import { isDefinitionSource, judgeStart, requireStorableSize, shown } from './start-options.js';
import type { StartOptions } from './start-options.js';

const noCounts: RunRecord['counts'] = Object.freeze({});

/** A start that has been judged. */
interface Start {
  readonly definition: DefinitionSource;
  readonly record: RunRecord;
  readonly context: StartContext;
  readonly input: JsonObject | undefined;
}

/** Starts a run; resolves when it is stored. */
export async function startRun(
  desk: RunDesk,
  definition: unknown,
  options: StartOptions,
): Promise<RunHandle> {
  desk.requireOpen();
  const start = judge(desk, definition, options);
  if (start.record.idempotencyKey !== undefined) {
    const known = await knownRun(desk, start.record);
    if (known !== undefined) return known;
    desk.requireOpen();
  }
  const insertedAt = performance.now();
  desk.starting.begin();
  try {
    let stored: RunRecord;
    try {
      stored = await insert(desk, start);
    } catch (error) {
      return await knownAfter(desk, start.record, error);
    }
    const run = new OwnRun(desk, stored, { ...start, insertedAt });
    desk.add(run);
    if (!desk.isClosing && run.isWaiting) await supersedeOrLater(desk, run);
    return new OwnHandle(desk, run, false);
  } finally {
    desk.starting.end();
  }
}

/** Ends what was on the thread before a run that takes its place; the youngest first, so that none of them begins. */
export async function supersede(desk: RunDesk, run: OwnRun): Promise<void> {
  const { runId, strategy, threadId, tenantId = null } = run.record;
  if ((strategy !== 'interrupt' && strategy !== 'rollback') || threadId === undefined) return;
  const filter = { threadId, tenantId, status: openStatuses, limit: 1000 };
  const open = await desk.store.ask((to) => to.list({ ...filter, before: runId }));
  for (const elder of open) {
    const message = `the run '${runId}' takes its place`;
    await cancelRun(desk, elder.runId, { action: strategy, reason: 'superseded', message });
  }
}

function judge(desk: RunDesk, given: unknown, options: StartOptions): Start {
  const judged = judgeStart(options);
  const name = typeof given === 'string' ? given : undefined;
  const definition = name === undefined ? given : desk.parts.definitions.get(name);
  if (name !== undefined && definition === undefined) {
    throw new PipelineError('DEFINITION_UNKNOWN', {
      problem: `The manager has no definition ${shown(name)}.`,
      remedy: `It has ${[...desk.parts.definitions.keys()].map(shown).join(', ') || 'none: give it definitions'}.`,
    });
  }
  if (!isDefinitionSource(definition) || isThenable(definition))
    throw wrongUse('start', 'a definition, or the name of one');
  const context = startContext(options);
  const input = name === undefined ? undefined : inputOf(context);
  if (input !== undefined) requireStorableSize(judged.metadata, input);
  const now = desk.runs.newClock().now();
  const { threadId, idempotencyKey, followUpToRunId } = options;
  const { tenantId } = context.run;
  const { strategy, onDisconnect, metadata } = judged;
  const { ownerId } = desk.lease;
  const pipelineName = desk.runs.nameOf(definition);
  const record: Draft<RunRecord> = {
    runId: newRunId(),
    pipelineName,
    status: 'running',
    strategy,
    onDisconnect,
    metadata,
    ownerId,
    createdAt: now,
    startedAt: now,
    cost: noCost,
    counts: noCounts,
  };
  // What is not given is no field of the record.
  if (threadId !== undefined) record.threadId = threadId;
  if (tenantId !== undefined) record.tenantId = tenantId;
  if (name !== undefined) record.definition = name;
  if (idempotencyKey !== undefined) record.idempotencyKey = idempotencyKey;
  if (followUpToRunId !== undefined) record.followUpToRunId = followUpToRunId;
  return {
    definition,
    // What another process reads is what is executed here too.
    context: input === undefined ? context : contextOfInput(input),
    input,
    record,
  };
}

/**
 * A new id: a UUID of version 7, which begins with the time.
 *
 * So runs that begin one after the other stand side by side in the index of a database, and it writes fewer pages.
 */
function newRunId(): string {
  const runId = `${idPrefix()}${randomUUID().slice(15)}`;
  // One text: to read a character joins the pieces, which all that note the id would hold.
  runId.charCodeAt(0);
  return runId;
}

let prefixedAt = NaN;
let prefix = '';

/** The part of an id that says when it was made, kept for all ids of a millisecond. */
function idPrefix(): string {
  const now = Date.now();
  if (now === prefixedAt) return prefix;
  // With a digit in front, so that there are as many behind it at any time.
  const time = (2 ** 48 + now).toString(16);
  prefix = `${time.slice(1, 9)}-${time.slice(9)}-7`;
  prefixedAt = now;
  return prefix;
}

/** The run that has the idempotency key of a start, if that is a repeat of its start. */
async function knownRun(desk: RunDesk, record: RunRecord): Promise<RunHandle | undefined> {
  const { idempotencyKey, tenantId, threadId, pipelineName } = record;
  if (idempotencyKey === undefined) return undefined;
  const known = await desk.store.ask((to) => to.byKey(tenantId, idempotencyKey));
  if (known === undefined) return undefined;
  if (known.threadId !== threadId || known.pipelineName !== pipelineName)
    throw idempotencyConflict(idempotencyKey);
  const own = desk.own(known.runId);
  return own === undefined ? new FollowedHandle(desk, known) : new OwnHandle(desk, own, true);
}

function insert(desk: RunDesk, { record, input }: Start): Promise<RunRecord> {
  const { lease, parts } = desk;
  return desk.store.ask((to) => to.insert(record, { lease, maxQueued: parts.maxQueued, input }));
}

/** A refused start is that of a known run where somebody else was faster with the same key; else its error is thrown. */
async function knownAfter(desk: RunDesk, record: RunRecord, error: unknown): Promise<RunHandle> {
  const code = isInstanceOf(error, PipelineError) ? error.code : undefined;
  if (code === 'STORE_UNAVAILABLE') desk.doubt(record.runId);
  const known = code === 'IDEMPOTENCY_CONFLICT' ? await knownRun(desk, record) : undefined;
  if (known === undefined) throw error;
  return known;
}

/** The run is stored: what fails here is tried again with the next beat. */
async function supersedeOrLater(desk: RunDesk, run: OwnRun): Promise<void> {
  try {
    await supersede(desk, run);
  } catch (error) {
    desk.log('warn', { error, runId: run.record.runId }, 'the runs before this one are not ended yet');
  }
}
