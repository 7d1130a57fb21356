import type { Draft } from '../data/draft.js';
import { currentContext } from '../context/ambient-context.js';
import { frameOf, PipelineContext } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { TemplateFrame } from '../context/template-frame.js';
import { decodeData, encodeData, NotEncodable } from '../data/codec.js';
import { isInstanceOf, isObject } from '../data/foreign-value.js';
import type { JsonObject, JsonValue } from '../data/json-value.js';
import { canHoldOptions, invalidOption } from '../errors/option-rules.js';
import type { AddedOptions } from '../context/root-context.js';
import type { RunLinks } from '../engine/managed-call.js';
import { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import type { SessionState } from '../run/session/session-state.js';
import { activeTrace, usableTrace } from '../run/trace-context.js';
import type { StartOptions } from './start-options.js';

/** What a run starts with, beside what its record says. */
export interface StartContext {
  readonly options: Omit<PipelineContextOptions, 'run'>;
  readonly run: RunContextOptions;
  readonly links: RunLinks;
  /** What is shared by the runs that are given no context, and no limit. */
  readonly template?: PipelineContext | undefined;
}

const nothing: StartContext['options'] & RunContextOptions & RunLinks = Object.freeze({});
const noTemplate = new PipelineContext();

/** What the manager sees to, and what its options say. */
const managed = ['runId', 'session'] as const;
const saidTwice = ['tenantId', 'threadId', 'followUpToRunId'] as const;

/** What a start by name may say of its run: data, so that another process can execute it. */
const runData = [
  ...['tenantId', 'principal', 'threadId', 'followUpToRunId', 'correlationId', 'traceparent', 'tracestate'],
  ...['timeoutMs', 'deadline', 'budget'],
];

/**
 * Takes the context that a start was given, and what the run around hands on: its ids, and its tenant and principal
 * where the start names no tenant.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`, also where the context says something else than the options.
 */
export function startContext(given: StartOptions): StartContext {
  const { options, run } = partsOf(given.context);
  for (const name of managed) {
    if (run[name] !== undefined)
      throw wrongContext(`its run must not have '${name}', which the manager sees to`);
  }
  for (const name of saidTwice) {
    if (run[name] !== undefined && run[name] !== given[name])
      throw wrongContext(`its run must not have another '${name}' than the options`);
  }
  const outer = currentContext()?.run;
  const isBare = given.context === undefined && given.timeoutMs === undefined;
  return {
    options,
    run: withOptions(run, given, outer),
    links: outer === undefined ? nothing : { parentRunId: outer.runId, rootRunId: outer.rootRunId },
    template: isBare ? noTemplate : undefined,
  };
}

/** The options of the run, without what is undefined: each option is judged for each run. */
function withOptions(
  run: RunContextOptions,
  { threadId, tenantId, followUpToRunId, timeoutMs }: StartOptions,
  outer: RunContext | undefined,
): RunContextOptions {
  const own: Draft<RunContextOptions> = { ...run };
  const trace = usableTrace(run) ?? activeTrace() ?? usableTrace(outer ?? {});
  const correlationId = run.correlationId ?? outer?.correlationId;
  const tenant = tenantId ?? outer?.tenantId;
  const principal = run.principal ?? (tenantId === undefined ? outer?.principal : undefined);
  if (trace !== undefined) Object.assign(own, trace);
  if (correlationId !== undefined) own.correlationId = correlationId;
  if (tenant !== undefined) own.tenantId = tenant;
  if (principal !== undefined) own.principal = principal;
  if (threadId !== undefined) own.threadId = threadId;
  if (followUpToRunId !== undefined) own.followUpToRunId = followUpToRunId;
  if (timeoutMs !== undefined) own.timeoutMs = Math.min(timeoutMs, run.timeoutMs ?? Infinity);
  return own;
}

/** What one run is made from when it begins to run. */
export interface OpenedContext {
  readonly template: PipelineContext;
  readonly said: AddedOptions;
}

/**
 * The context of one run, made when it begins to run.
 *
 * @param session the state of the thread's session; without a thread, what the run writes is dropped.
 */
export function openContext(
  { options, run, links, template }: StartContext,
  runId: string,
  session: SessionState | undefined,
): OpenedContext {
  const said = { ...run, ...links, runId };
  return {
    template: template ?? new PipelineContext({ ...options, run }),
    said: session === undefined ? said : { ...said, session },
  };
}

/**
 * Writes what a run by name starts with as JSON.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for what is no data.
 */
export function inputOf({ options, run, links }: StartContext): JsonObject {
  const { parameters, properties, ...others } = options;
  const [left] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (left !== undefined) throw notData(`'${left}'`);
  const [other] =
    Object.entries(run).find(([name, value]) => value !== undefined && !runData.includes(name)) ?? [];
  if (other !== undefined) throw notData(`'run.${other}'`);
  // Entries by keys are entries by names here.
  const { parameters: first, properties: second } = new PipelineContext({ parameters, properties });
  return {
    parameters: encoded('parameters', first.toObject()),
    properties: encoded('properties', second.toObject()),
    run: encoded('run', run),
    links: encoded('links', links),
  };
}

/**
 * Reads what a run by name starts with.
 *
 * @throws TypeError where it is damaged.
 */
export function contextOfInput(input: JsonObject): StartContext {
  const [parameters, properties, run, links] = ['parameters', 'properties', 'run', 'links'].map((name) => {
    const part = decodeData(input[name] ?? null);
    if (!canHoldOptions(part)) throw new TypeError(`The stored '${name}' of the run are damaged.`);
    return part as Record<string, unknown>;
  });
  return { options: { parameters, properties }, run: run ?? {}, links: links ?? {} };
}

function encoded(name: string, value: unknown): JsonValue {
  try {
    return encodeData(value);
  } catch (error) {
    throw notData(
      isInstanceOf(error, NotEncodable) ? `'${name}${error.place}', which is ${error.kind}` : `'${name}'`,
    );
  }
}

/** The options of a context, and of its run; of a context that is a template, what it was made with. */
function partsOf(context: StartOptions['context']): Pick<StartContext, 'options' | 'run'> {
  if (context === undefined) return { options: nothing, run: nothing };
  if (!isInstanceOf(context, PipelineContext)) {
    const { run = {}, ...options } = context;
    if (isInstanceOf(run, RunContext)) throw wrongContext('it must not join another run');
    if (!isObject(run)) throw wrongContext("'run' must be an object");
    return { options, run };
  }
  const frame = frameOf(context);
  const { parameters, items, properties, executionObserver, deadLetterSink } = context;
  const { deadLetterDecorator, logger } = context;
  const { lineage } = frame.services;
  const services = { executionObserver, lineage, deadLetterSink, deadLetterDecorator };
  const options = { parameters, items, properties, ...services, logger };
  if (isInstanceOf(frame, TemplateFrame)) {
    if (frame.joined !== undefined) throw wrongContext('it must not join another run');
    return { options: { ...options, signal: frame.givenSignal }, run: frame.runOptions };
  }
  // The context of a run: data, services, and on whose behalf it acts.
  const { secrets, principal } = context.run;
  return { options, run: { principal, secrets: { resolve: (name) => secrets.get(name) } } };
}

function wrongContext(problem: string): Error {
  return invalidOption('start', `the context is not usable: ${problem}`);
}

function notData(what: string): Error {
  return invalidOption(
    'start',
    `the context of a run by name holds what is no data: ${what}; another process may execute the run`,
  );
}
