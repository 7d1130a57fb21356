/**
 * Globals that the sources have from Node's types, and that a user's compiler may lack: with `lib: ['ES2022']` alone
 * neither an `AbortSignal` nor a `Disposable` nor a `Request` is declared.
 */
const abortSignal = `
/** The global \`AbortSignal\` of the DOM or of Node, whichever is declared; where none is, its shape. */
type AbortSignal = typeof globalThis extends {
    AbortSignal: {
        prototype: infer TSignal;
    };
} ? TSignal : {
    readonly aborted: boolean;
    readonly reason: unknown;
    throwIfAborted(): void;
    addEventListener(type: 'abort', listener: () => unknown, options?: {
        once?: boolean;
    }): void;
    removeEventListener(type: 'abort', listener: () => unknown): void;
};
`;

/** Both in one, since each is of use only with the other. */
const fetchTypes = `
/** The global \`Request\` of the DOM or of Node, whichever is declared; where none is, its shape. */
type Request = typeof globalThis extends {
    Request: {
        prototype: infer TRequest;
    };
} ? TRequest : {
    readonly method: string;
    readonly url: string;
    readonly headers: {
        get(name: string): string | null;
    };
    readonly bodyUsed: boolean;
};
/** The global \`Response\` of the DOM or of Node, whichever is declared; where none is, its shape. */
type Response = typeof globalThis extends {
    Response: {
        prototype: infer TResponse;
    };
} ? TResponse : {
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
};
`;

/** The same declarations as those of TypeScript's library: where both are there, they merge. */
const disposable = `
declare global {
    interface SymbolConstructor {
        readonly dispose: unique symbol;
        readonly asyncDispose: unique symbol;
    }
    interface Disposable {
        [Symbol.dispose](): void;
    }
    interface AsyncDisposable {
        [Symbol.asyncDispose](): PromiseLike<void>;
    }
}
`;

/** Puts the declarations of the globals that a file names before its first own declaration. */
export function withDeclaredGlobals(code: string): string {
  const declared = [
    /\bAbortSignal\b/.test(code) ? abortSignal : '',
    /: Request\b|<Response>/.test(code) ? fetchTypes : '',
    /\b(?:Async)?Disposable\b|\bSymbol\.(?:d|asyncD)ispose\b/.test(code) ? disposable : '',
  ].join('');
  if (declared === '') return code;
  const [imports = ''] = /^(?:(?:im|ex)port .+\n)*/.exec(code) ?? [];
  return `${imports}${declared}${code.slice(imports.length)}`;
}
