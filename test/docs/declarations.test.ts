import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileForUser, installPackage, problemsOf } from './installed-package.js';
import { root } from './run-node.js';

const user = join(root, 'build/declarations-user');

/** What any user may write, whatever the compiler knows of Node and of the web. */
const anywhere = `
  import { BackgroundQueue, cooperate, PipelineContext, RunManager, runPipeline, type PipelineBuilder } from 'heirline';
  import { createRunHandler, type RunHandlerOptions } from 'heirline/http';
  import { contextModule } from 'heirline/inversify';
  import { MemorySink } from 'heirline/testing';

  class Numbers {
    define(builder: PipelineBuilder) {
      const add = async (item: number, context: PipelineContext) => {
        await cooperate(context.signal)();
        context.signal.throwIfAborted();
        context.signal.addEventListener('abort', () => undefined, { once: true });
        using listener = context.run.onCancel((reason) => reason.kind);
        context.onDispose(listener);
        return context.signal.aborted ? 0 : item + 1;
      };
      builder.addSink(new MemorySink<number>(), { from: builder.addTransform(add, { from: builder.addSource([1]) }) });
    }
  }
  await using queue = new BackgroundQueue<number>({ worker: (item) => item });
  await queue.enqueue((await runPipeline(Numbers)).nodes.size);
  export const module = contextModule();
  export const serve = (options: Omit<RunHandlerOptions, 'authorise'>) =>
    createRunHandler({ ...options, authorise: ({ headers }) => ({ tenantId: headers.get('x-tenant') ?? '' }) });
`;

const withFetch = `
  const handler = serve({ manager: new RunManager() });
  export const answer: Promise<Response> = handler(new Request('https://example.org/runs'));
`;

const withSignals = `
  const { signal } = new AbortController();
  const context: PipelineContext = new PipelineContext({ signal, run: { signal } });
  export const same: AbortSignal = context.signal;
`;

const settings = [
  { name: "lib ['ES2022'] alone", lib: ['lib.es2022.d.ts'], types: [], more: '' },
  {
    name: 'the DOM',
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
    more: `${withSignals}
      export const page = await fetch('https://example.org', { signal: context.signal });
      ${withFetch}`,
  },
  {
    name: "Node's types",
    lib: ['lib.es2022.d.ts'],
    types: ['node'],
    more: `${withSignals}
      import { setTimeout as sleep } from 'node:timers/promises';
      await sleep(1, undefined, { signal: context.signal });
      export const page = await fetch('https://example.org', { signal: context.signal });
      ${withFetch}`,
  },
  {
    name: "the newest library and Node's types",
    lib: ['lib.esnext.d.ts'],
    types: ['node'],
    more: withSignals + withFetch,
  },
] as const;

describe('the published declarations compile without skipLibCheck', () => {
  beforeAll(() => installPackage(user));

  it.for(settings)('with $name', ({ name, lib, types, more }) => {
    const file = `${name.replace(/\W+/g, '-')}.ts`;
    const program = compileForUser(user, file, anywhere + more, { lib: [...lib], types: [...types] });

    expect(problemsOf(program)).toEqual([]);
    const hasNodeTypes = program
      .getSourceFiles()
      .some(({ fileName }) => fileName.includes('node_modules/@types/node/'));
    expect(hasNodeTypes, 'the types of Node have been loaded').toBe(types.length > 0);
  });
});
