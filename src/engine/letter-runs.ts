import type { Blueprint, DefinitionSource } from '../builder/blueprint.js';
import { pipelineNameOf } from '../composition/describe-root.js';
import { entriesOf } from '../context/entries-source.js';
import type { EntriesSource } from '../context/entries-source.js';
import { keyName } from '../context/context-key.js';
import { PipelineContext } from '../context/pipeline-context.js';
import type { DeadLetterEnvelope, DeadLetterSink } from '../ports/dead-letter-sink.js';
import { holdsRedaction } from '../run/secrets/redacted-copy.js';
import { CollectedOutputs } from './collected-outputs.js';
import { PlanCache } from './compiling/plan-cache.js';
import { entryOf, incompatible } from './letter-entry.js';
import type { LetterEntry } from './letter-entry.js';
import { recordedEntries } from './recorded-entries.js';
import { generateAfter } from './pipeline-runner-options.js';
import { feedItem } from './plan/feed-item.js';
import type { ReplayContext } from './replay-options.js';
import { RunStart } from './run-start.js';
import type { RunDriver, RunnerParts } from './run-start.js';
import type { RunResult } from './execution/run-result.js';

/** What each run of a replay is given beside its letter. */
export interface LetterRunOptions {
  readonly definition: DefinitionSource;
  readonly from: 'decision' | 'start';
  readonly context: ReplayContext;
}

/** A letter, and where its item enters. */
export interface PreparedLetter {
  readonly letter: DeadLetterEnvelope;
  readonly entry: LetterEntry;
  readonly parts: RunnerParts;
}

/** What differs between the runs of letters. */
interface LetterRun {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly sink: DeadLetterSink;
}

/** How one letter runs: in a run of its own, into which its item enters where it had failed. */
export class LetterRuns {
  readonly #name: string;
  /** What the runs of letters share that enter at one place. */
  readonly #parts = new Map<string, RunnerParts>();

  /** @throws {@link PipelineError} `DEFINITION_INVALID`. */
  constructor(
    private readonly runner: RunnerParts,
    private readonly options: LetterRunOptions,
  ) {
    this.#name = pipelineNameOf(options.definition);
  }

  get name(): string {
    return this.#name;
  }

  /**
   * Finds out whether a letter can run, and starts nothing.
   *
   * @throws {@link PipelineError} `REPLAY_INCOMPATIBLE`, or what is wrong with the pipeline or its context.
   */
  prepare(letter: DeadLetterEnvelope): PreparedLetter {
    requireReplayable(letter);
    const entry = entryOf(letter, this.#name, this.options.from);
    const key = `${String(letter.mapped)} ${entry.path}`;
    const parts = this.#parts.get(key) ?? this.#partsFor(entry);
    this.#parts.set(key, parts);
    const prepared = { letter, entry, parts };
    this.#start(prepared, undefined).check({ refuse: () => undefined });
    return prepared;
  }

  /** Runs a letter; gives what left the pipeline. */
  async run(
    prepared: PreparedLetter,
    call: LetterRun,
  ): Promise<{ readonly outputs: readonly unknown[]; readonly result: RunResult }> {
    const outputs = new CollectedOutputs();
    const driver: RunDriver = {
      refuse: () => undefined,
      drive: (plan) => ({
        receiver: outputs,
        feed: (execution) => feedItem(plan, execution, prepared.letter.item),
      }),
    };
    const result = await this.#start(prepared, call).conduct(driver);
    return { outputs: outputs.under('many') as readonly unknown[], result };
  }

  #start({ letter, parts }: PreparedLetter, call: LetterRun | undefined): RunStart {
    const { context, definition } = this.options;
    const { signal: _signal, timeoutMs: _timeoutMs, deadline: _deadline, ...run } = context.run ?? {};
    const template = new PipelineContext({
      ...context,
      parameters: entriesFor(letter, 'parameters', context.parameters),
      properties: entriesFor(letter, 'properties', context.properties),
      signal: call?.signal,
      deadLetterSink: call?.sink,
      run: { ...run, runId: call?.runId },
    });
    return new RunStart(parts, { definition, template });
  }

  #partsFor(entry: LetterEntry): RunnerParts {
    const replacement = {
      node: () => undefined,
      definition: () => undefined,
      ...this.runner.replacement,
      blueprint: (blueprint: Blueprint) => withoutTolerance(entry.cut(blueprint)),
    };
    const plans = new PlanCache(
      replacement,
      generateAfter(this.runner.options.codeGeneration),
      this.runner.circuits,
    );
    return { ...this.runner, replacement, plans };
  }
}

/** A pipeline in which every failure counts: the letter that fails again must not pass as tolerated. */
function withoutTolerance(blueprint: Blueprint): Blueprint {
  const { tolerate, ...settings } = blueprint.settings;
  return tolerate === undefined ? blueprint : { ...blueprint, settings };
}

/**
 * @throws {@link PipelineError} `REPLAY_INCOMPATIBLE` for a letter that can be run in no pipeline.
 */
export function requireReplayable(letter: DeadLetterEnvelope): void {
  // Another version of the library may have written the letter.
  const version: unknown = letter.version;
  if (version !== 1) {
    const why = `has version ${String(version)}; this library reads version 1`;
    throw incompatible(letter, why, 'Replay it with the version of heirline that wrote it');
  }
  const anew = 'Give its pipeline the item anew, from where it came from';
  const [part] = letter.asText ?? [];
  if (part !== undefined) {
    const what = part === '' ? 'its item' : `'${part}' of its item`;
    throw incompatible(letter, `has kept only a text of ${what}`, anew);
  }
  if (holdsRedaction(letter.item))
    throw incompatible(letter, 'has an item that holds a redacted secret', anew);
}

/** The recorded entries under those that the caller gives; what was redacted is left out. */
function entriesFor(
  { context }: DeadLetterEnvelope,
  kind: 'parameters' | 'properties',
  given: EntriesSource | undefined,
): ReadonlyMap<string, unknown> {
  const recorded = recordedEntries(context, kind).filter(({ isWhole }) => isWhole);
  const over = [...entriesOf(given)].map(([key, value]) => [keyName(key), value] as const);
  return new Map([...recorded.map(({ name, value }) => [name, value] as const), ...over]);
}
