/** Paths of the library's files in stack lines: this file, an installed copy, and `src` and `dist`. */
const ownFiles: readonly string[] = ((url: string) => {
  const path = url.replace(/^file:\/\//, '');
  const root = /^.*\/(?=(?:src|dist)\/)/.exec(path)?.[0];
  return [path, '/node_modules/heirline/', ...(root === undefined ? [] : [`${root}src/`, `${root}dist/`])];
})(import.meta.url);

const isOwn = (line: string): boolean => ownFiles.some((file) => line.includes(file));
const isUsers = (line: string): boolean => !/node:|<anonymous>\)?$/.test(line) && !isOwn(line);

/** Stack lines of Node between `setTimeout` and the async hook that sees the new timer. */
const ofTimers = /node:(internal\/)?(timers|async_hooks)|<anonymous>\)?$/;

/** Code of Node whose abort listeners end by garbage collection: callers have no way to remove them. */
const removedLater = /\/undici\/|node:internal\/abort_controller/;

/** The stack at the moment of construction; turned into text only when read. */
export class StackLines {
  readonly #error = new Error();

  /** @param below the stack begins with the caller of this function; without it, with the caller of the constructor. */
  constructor(below?: (...args: never[]) => unknown) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 50;
    Error.captureStackTrace(this.#error, below);
    Error.stackTraceLimit = stackTraceLimit;
  }

  /** The innermost stack line that is neither of this library nor of Node. */
  get user(): string | undefined {
    return this.#lines().find(isUsers);
  }

  /**
   * Stack line of user code that made a timer.
   *
   * Undefined for timers of this library, and immediates of other packages.
   */
  timer(isImmediate: boolean): string | undefined {
    const lines = this.#lines();
    const callers = lines
      .slice(lines.findIndex((line) => ofTimers.test(line)))
      .filter((line) => !ofTimers.test(line));
    const [maker = ''] = callers;
    if (isOwn(maker) || (isImmediate && /node:|\/node_modules\//.test(maker))) return undefined;
    return callers.find(isUsers);
  }

  /** Stack line of user code that added a listener. Undefined if Node added it and no caller can remove it. */
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
