import { keyName } from '../context/context-key.js';
import type { ContextKey, Key } from '../context/context-key.js';
import { valueThrough } from '../context/key-value.js';
import type { Entry } from '../context/layer.js';
import { PipelineError } from '../errors/pipeline-error.js';

/** The parameters as `define` sees them. What it reads is remembered: when that changes, `define` runs again. */
export interface DefinitionParameters {
  /** The value, else the key's default, else undefined. */
  get<T, TAbsent>(key: ContextKey<T, TAbsent, unknown>): T | TAbsent;
  /** The value of a name, else undefined: a name alone has no default. */
  get<T = unknown>(key: string): T | undefined;
  /**
   * The value, else the key's default.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_MISSING`.
   */
  require<T>(key: ContextKey<T, unknown, unknown>): T;
  /**
   * The value of a name, which must be there: a name alone has no default.
   *
   * @throws {@link PipelineError} `CONTEXT_KEY_MISSING`.
   */
  require<T = unknown>(key: string): T;
  /** Whether the parameter is present; a default does not count. It is remembered like a read. */
  has(key: Key): boolean;
}

/** What `define` may look at, and only while it runs. A node's code uses the context that it gets as argument. */
export interface DefinitionContext {
  /** The parameters that the pipeline will run with; items and properties are not there yet. */
  readonly parameters: DefinitionParameters;
  /** The name that the pipeline runs under: of its metadata, else of its class. */
  readonly pipelineName: string;
  /** The address of this use of the pipeline; another composite of the same class has another. */
  readonly path: string;
}

/** Where parameters are looked up. */
export interface EntryReader {
  get(name: string): Entry | undefined;
}

/** Names that `define` asked for, with what it got. */
export type ParameterReads = ReadonlyMap<string, Entry | undefined>;

/** A definition's context with what was read through it. */
export interface RecordedContext {
  readonly context: DefinitionContext;
  readonly reads: ParameterReads;
  /** The parameter that was required but is absent. */
  readonly missing: string | undefined;
  /** Ends it: from now on every use throws. */
  close(): void;
}

/** Makes the context of one call of `define`. */
export function recordDefinitionContext(
  pipelineName: string,
  path: string,
  parameters: EntryReader,
): RecordedContext {
  const reads = new Map<string, Entry | undefined>();
  let missing: string | undefined;
  let isOpen = true;
  const read = (key: Key): Entry | undefined => {
    if (!isOpen) throw usedLate(path, 'parameters');
    const name = keyName(key);
    if (!reads.has(name)) reads.set(name, parameters.get(name));
    return reads.get(name);
  };
  const get = (key: Key): unknown => {
    const entry = read(key);
    if (entry !== undefined) return valueThrough(key, entry, 'parameters', path);
    return typeof key === 'string' ? undefined : key.default;
  };
  const require = (key: Key): unknown => {
    if (read(key) === undefined && (typeof key === 'string' || !key.hasDefault)) {
      missing = keyName(key);
      throw missingParameter(path, missing);
    }
    return get(key);
  };
  const has = (key: Key): boolean => read(key) !== undefined;
  const guard = <T extends object>(target: T, misused: (use: string) => PipelineError): T => {
    const refuse = (use: string): never => {
      throw isOpen ? misused(use) : usedLate(path, use);
    };
    return new Proxy(target, {
      get(_, property) {
        if (isOpen && Object.hasOwn(target, property)) return Reflect.get(target, property) as unknown;
        if (property === Symbol.iterator) return refuse('[...]');
        // What the language and printing ask for.
        return typeof property === 'symbol' ? undefined : refuse(property);
      },
      has: (_, property) => Object.hasOwn(target, property) || refuse(String(property)),
      ownKeys: () => refuse('keys'),
      set: () => refuse('set'),
      defineProperty: () => refuse('set'),
      deleteProperty: () => refuse('delete'),
    });
  };
  const context = guard(
    {
      parameters: guard({ get, require, has } as DefinitionParameters, (use) => noSuchParameters(path, use)),
      pipelineName,
      path,
    },
    (use) => noSuchContext(path, use),
  );
  return {
    context,
    reads,
    get missing() {
      return missing;
    },
    close() {
      isOpen = false;
    },
  };
}

/** The error of a parameter that `define` requires and nobody gives. */
function missingParameter(path: string, name: string): PipelineError {
  return new PipelineError('CONTEXT_KEY_MISSING', {
    path,
    problem: `'define' requires the parameter '${name}', which is absent.`,
    remedy: 'Give it in the parameters of the context, or give its key a default.',
  });
}

function usedLate(path: string, use: string): PipelineError {
  return misuse(path, `'${use}' of the context of 'define' was used after 'define' had returned.`, ELSEWHERE);
}

function noSuchContext(path: string, use: string): PipelineError {
  const problem = `The context of 'define' has no '${use}': it offers parameters (get, require, has), pipelineName and path.`;
  return misuse(path, problem, ELSEWHERE);
}

const ELSEWHERE =
  "In a node's code use the context that the node gets as its argument; have services injected, or pass them as context items.";

/** How all parameters at once might be asked for. */
const asWhole: ReadonlySet<string> = new Set([
  '[...]',
  'keys',
  'values',
  'entries',
  'forEach',
  'size',
  'toObject',
  'toJSON',
]);

const writing: ReadonlySet<string> = new Set(['set', 'update', 'delete']);

function noSuchParameters(path: string, use: string): PipelineError {
  const problem = `The parameters of 'define' have no '${use}': they offer get, require and has.`;
  if (asWhole.has(use)) {
    return misuse(
      path,
      problem,
      "Read each parameter by its key: 'define' runs again only if one that it has read changes, so it reads what it needs.",
    );
  }
  return writing.has(use)
    ? misuse(path, problem, "Give parameters in the context of the run, or with 'with' at the composite.")
    : misuse(
        path,
        problem,
        `Read a parameter with parameters.get('${use}') or parameters.require('${use}').`,
      );
}

function misuse(path: string, problem: string, remedy: string): PipelineError {
  return new PipelineError('DEFINE_CONTEXT_CLOSED', { path, problem, remedy });
}
