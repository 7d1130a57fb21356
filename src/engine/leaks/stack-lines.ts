/** The files of the library, as stack lines name them: as they are, bundled into others, and as source maps show them. */
const ownFiles: readonly string[] = ((url: string) => {
  const path = url.replace(/^file:\/\//, '');
  const root = /^.*\/(?=(?:src|dist)\/)/.exec(path)?.[0];
  return [path, '/node_modules/heirline/', ...(root === undefined ? [] : [`${root}src/`, `${root}dist/`])];
})(import.meta.url);

const isOwn = (line: string): boolean => ownFiles.some((file) => line.includes(file));
const isUsers = (line: string): boolean => !/node:|<anonymous>\)?$/.test(line) && !isOwn(line);

/** Functions of Node between `setTimeout` and the hook that is told of the timer. */
const ofTimers = /node:(internal\/)?(timers|async_hooks)|<anonymous>\)?$/;

/** Functions of Node whose listeners are left to the garbage collector: their callers cannot remove them. */
const removedLater = /\/undici\/|node:internal\/abort_controller/;

/** Where something happened; it becomes text only when somebody asks. */
export class StackLines {
  readonly #error = new Error();

  /** @param below the function whose callers are of interest; without it, all. */
  constructor(below?: (...args: never[]) => unknown) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 50;
    Error.captureStackTrace(this.#error, below);
    Error.stackTraceLimit = stackTraceLimit;
  }

  /** The innermost line outside of the library and of Node. */
  get user(): string | undefined {
    return this.#lines().find(isUsers);
  }

  /** Who made a timer; undefined for one that is not the user's: of the library, or with which others end their turn. */
  timer(isImmediate: boolean): string | undefined {
    const lines = this.#lines();
    const callers = lines
      .slice(lines.findIndex((line) => ofTimers.test(line)))
      .filter((line) => !ofTimers.test(line));
    const [maker = ''] = callers;
    if (isOwn(maker) || (isImmediate && /node:|\/node_modules\//.test(maker))) return undefined;
    return callers.find(isUsers);
  }

  /** Who added a listener; undefined where nobody can remove it. */
  get listener(): string | undefined {
    return removedLater.test(this.#lines()[0] ?? '') ? undefined : this.user;
  }

  #lines(): string[] {
    return String(this.#error.stack)
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map((line) => line.trim().slice(3));
  }
}
