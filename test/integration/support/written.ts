import { inspect } from 'node:util';
import {
  mapSecrets,
  PipelineError,
  runPipeline,
  type Logger,
  type NoItem,
  type PipelineContextOptions,
} from 'heirline';
import { RecordingObserver } from 'heirline/testing';
import { KeptLetters, KeptLineage, type DefinitionClass } from './harness.js';

/** In the middle of the secret, so that it is found in whatever way the secret is written down. */
export const core = 'SENTINEL-7f3a91c04e';
/** The secret itself. */
export const secret = `a "quoted"\n/ü ${core} \\ 100%`;

/** All that the framework writes during a run, by where it was written. */
export class Written {
  readonly observer = new RecordingObserver();
  readonly letters = new KeptLetters();
  readonly lineage = new KeptLineage();
  readonly lines: unknown[] = [];
  readonly more: unknown[] = [];

  /** What a run is given, so that it writes here. */
  options(more: PipelineContextOptions = {}): PipelineContextOptions {
    const write = (...line: unknown[]): unknown => this.lines.push(line);
    const logger: Logger = { trace: write, debug: write, info: write, warn: write, error: write };
    return {
      executionObserver: this.observer,
      deadLetterSink: this.letters,
      lineageSink: this.lineage,
      logger,
      ...more,
      run: { secrets: mapSecrets({ API_KEY: secret }), ...(more.run as object | undefined) },
    };
  }

  /** Runs to whatever end, and keeps what that leaves; of errors all but what the user’s code threw. */
  async run(definition: DefinitionClass<NoItem, NoItem>, more: PipelineContextOptions = {}): Promise<this> {
    try {
      this.more.push(await runPipeline(definition, this.options(more)));
    } catch (error) {
      this.more.push(...shownOf(error));
    }
    return this;
  }

  /** Like {@link run}, for what is given as it is. */
  async join(definition: DefinitionClass<NoItem, NoItem>, options: PipelineContextOptions): Promise<void> {
    await runPipeline(definition, options).catch((error: unknown) => this.more.push(...shownOf(error)));
  }

  /** The places where the secret can be read. */
  leaks(): string[] {
    const { observer, letters, lineage, lines, more } = this;
    return Object.entries({ events: observer.events, letters, lineage, lines, more }).flatMap(
      ([where, things]) => (printed(things).includes(core) ? [`${where}: ${around(printed(things))}`] : []),
    );
  }
}

/** What a rejection shows, with that of all its causes that are the framework’s own. */
function shownOf(error: unknown): unknown[] {
  if (!(error instanceof PipelineError)) return error === undefined ? [] : ['the user’s own'];
  const { cause, ...enumerable } = error;
  const { name, message, stack, code, path, result } = error;
  return [
    {
      name,
      message,
      stack,
      code,
      path,
      result,
      enumerable,
      text: String(error),
      json: JSON.stringify(error),
    },
    ...shownOf(cause),
  ];
}

/** A thing in every way that it may be printed. */
export function printed(thing: unknown): string {
  const json = JSON.stringify(thing, (_key, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  return `${inspect(thing, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null })}${json}`;
}

const around = (text: string): string =>
  text.slice(Math.max(0, text.indexOf(core) - 120), text.indexOf(core) + 60);
