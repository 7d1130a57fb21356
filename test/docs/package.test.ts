import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileForUser, installPackage, problemsOf, type PackedFile } from './installed-package.js';
import { root, runNode } from './run-node.js';

const user = join(root, 'build/package-user');

/** The sources that a file of the package was made from. */
function sourcesIn(map: URL): readonly string[] {
  return (JSON.parse(readFileSync(map, 'utf8')) as { readonly sources: readonly string[] }).sources;
}

describe('the published package', () => {
  let files: readonly PackedFile[];

  beforeAll(async () => {
    files = await installPackage(user);
  });

  it('is less than 1,500 kB, without source maps', () => {
    const sizes = files.filter(({ path }) => !path.endsWith('.map')).map(({ size }) => size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000);
  });

  it('holds the page that errors name, and no sources beside those in the source maps', () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['docs/errors.md', 'dist/index.js', 'dist/index.d.ts']));
    expect(paths.filter((path) => path.startsWith('src/'))).toEqual([]);
  });

  it('has declarations that hold by themselves, with one class in all entries and the result of an error', () => {
    const program = compileForUser(
      user,
      'types.ts',
      `import { ContextDictionary, ErrorPolicy, PipelineContext, PipelineError, TransformNode } from 'heirline';
       import type { ExecutionObserver, RunResult, SourceNode } from 'heirline';
       import { MemorySource } from 'heirline/testing';
       import { RunEvents } from 'heirline/events';
       import { contextModule } from 'heirline/inversify';
       import { openTelemetry } from 'heirline/otel';
       import { postgresRunStore } from 'heirline/postgres';
       import { sqliteRunStore } from 'heirline/sqlite';
       const result: RunResult | undefined = new PipelineError('NODE_FAILED', { problem: '', remedy: '' }).result;
       const source: SourceNode<number> = new MemorySource([1]);
       const limit: number | undefined = new PipelineContext().parameters.get<number>('limit');
       // @ts-expect-error made by a context alone
       new ContextDictionary();
       // @ts-expect-error a type alone: errorPolicy makes one
       ErrorPolicy;
       const stop: () => void = new RunEvents().on('itemRetried', ({ attempt, delayMs }) => attempt + delayMs);
       const observer: ExecutionObserver = openTelemetry({ fanOut: 'link', attributes: ({ path }) => ({ path }) });
       export { contextModule, limit, observer, postgresRunStore, result, source, stop, sqliteRunStore, TransformNode };`,
      { types: ['node'] },
    );
    expect(problemsOf(program)).toEqual([]);
  });

  it('has classes and functions that are named as they are exported', async () => {
    const file = join(user, 'names.js');
    writeFileSync(
      file,
      `for (const entry of ['', '/testing', '/events', '/inversify', '/http', '/sqlite', '/postgres', '/otel'].map((name) => 'heirline' + name))
         for (const [name, value] of Object.entries(await import(entry)))
           if (typeof value === 'function' && value.name !== name) console.log(name, value.name);`,
    );
    expect(await runNode([file], user)).toBe('');
  });

  it('keeps objects of its own alive while nothing runs, so that compiled code is not thrown away', async () => {
    const file = join(user, 'kept.js');
    writeFileSync(
      file,
      `import { getHeapSnapshot } from 'node:v8';
       import { text } from 'node:stream/consumers';
       import { runPipeline } from 'heirline';
       class Orders { define(b) { b.addSink(() => undefined, { from: b.addSource([1]) }); } }
       for (let run = 0; run < 3; run += 1) await runPipeline(Orders);
       await new Promise((resolve) => setTimeout(resolve, 50));
       gc();
       const { snapshot, nodes, strings } = JSON.parse(await text(getHeapSnapshot()));
       const { node_fields: fields, node_types: [types] } = snapshot.meta;
       const counts = { Pull: 0, Execution: 0, ContextFrame: 0, ContextDictionary: 0 };
       for (let at = 0; at < nodes.length; at += fields.length) {
         const name = strings[nodes[at + fields.indexOf('name')]];
         if (types[nodes[at]] === 'object' && Object.hasOwn(counts, name)) counts[name] += 1;
       }
       for (const [name, count] of Object.entries(counts)) console.log(name, count > 0);`,
    );
    expect(await runNode(['--expose-gc', file], user)).toBe(
      'Pull true\nExecution true\nContextFrame true\nContextDictionary true\n',
    );
  });

  it('loads the packages of an entry for that entry alone', async () => {
    const stranger = mkdtempSync(join(tmpdir(), 'heirline-user-'));
    await installPackage(stranger);
    // What the main entry depends on, and nothing else.
    symlinkSync(join(root, 'node_modules/immer'), join(stranger, 'node_modules/immer'), 'junction');
    const file = join(stranger, 'entries.js');
    writeFileSync(
      file,
      `for (const entry of ['heirline', 'heirline/testing', 'heirline/events', 'heirline/sqlite', 'heirline/postgres', 'heirline/otel'])
         console.log(entry, await import(entry).then(() => 'loaded', (error) => error.code));
       import { PipelineBuilder, toSvg } from 'heirline';
       const builder = new PipelineBuilder();
       builder.addSink(() => undefined, { from: builder.addSource([1]) });
       await toSvg(builder.build()).catch(({ code, message, cause }) => console.log(code, cause.code, message));`,
    );
    expect((await runNode([file], stranger)).split('\n')).toEqual([
      'heirline loaded',
      'heirline/testing loaded',
      'heirline/events ERR_MODULE_NOT_FOUND',
      'heirline/sqlite ERR_MODULE_NOT_FOUND',
      'heirline/postgres ERR_MODULE_NOT_FOUND',
      'heirline/otel ERR_MODULE_NOT_FOUND',
      expect.stringMatching(/^PACKAGE_MISSING ERR_MODULE_NOT_FOUND .* npm install @hpcc-js\/wasm-graphviz/),
      '',
    ]);
    rmSync(stranger, { recursive: true, force: true });
  });

  it('has stack traces that name functions and methods as the sources do, without source maps', async () => {
    const file = join(user, 'names-in-a-trace.js');
    writeFileSync(
      file,
      `import { runPipeline } from 'heirline';
       class Child {
         define(builder) {
           const node = builder.addTransform(() => { throw new RangeError('no'); }, { from: builder.addCompositeInput() });
           builder.connect(node, builder.addCompositeOutput());
         }
       }
       class Root {
         define(builder) {
           builder.addSink(() => undefined, { from: builder.addComposite(Child, { from: builder.addSource([1]) }) });
         }
       }
       Error.stackTraceLimit = 50;
       await runPipeline(Root).catch((error) => console.log(error.cause.stack));`,
    );
    const stack = await runNode([file], user);

    const names = [...stack.matchAll(/^ +at (?:async )?(?:new )?([\w.#]+) \(.*heirline/gm)].map(
      ([, name]) => name,
    );
    expect(names).toEqual(
      expect.arrayContaining(['CompositeStage.push', 'pullInLoop', 'PipelineRunner.run']),
    );
  });

  it('loads neither a store in a database nor HTTP with the main entry', async () => {
    writeFileSync(
      join(user, 'tell-loaded.js'),
      `import { writeSync } from 'node:fs';
       export function load(url, context, next) {
         writeSync(1, url + '\\n');
         return next(url, context);
       }`,
    );
    const file = join(user, 'loaded.js');
    writeFileSync(
      file,
      `import { register } from 'node:module';
       register('./tell-loaded.js', import.meta.url);
       await import(process.argv[2]);`,
    );
    const sourcesOf = async (entry: string): Promise<readonly string[]> =>
      (await runNode([file, entry], user))
        .split('\n')
        .filter((url) => url !== '')
        .flatMap((url) => (url.includes('/heirline/dist/') ? sourcesIn(new URL(`${url}.map`)) : url));
    const foreign = /src\/(http|stores|injection|testing)\/|node:https?$|node_modules\/(?!heirline|immer)/;
    const loaded = await sourcesOf('heirline');
    expect(loaded).toEqual(expect.arrayContaining([expect.stringMatching(/src\/runs\/run-manager\.ts$/)]));
    expect(loaded.filter((url) => foreign.test(url))).toEqual([]);
    // What is looked for is found where it is loaded.
    expect((await sourcesOf('heirline/http')).some((url) => foreign.test(url))).toBe(true);
  });

  it('has stack traces that name the sources and quote them', async () => {
    const file = join(user, 'trace.js');
    writeFileSync(file, `import { requireContext } from 'heirline';\nrequireContext();\n`);
    const failure: unknown = await runNode(['--enable-source-maps', file], user).catch(
      (error: unknown) => error,
    );
    expect(failure).toHaveProperty(
      'stderr',
      expect.stringMatching(/requireContext \(.*src.context.ambient-context\.ts:\d+/),
    );
    expect(failure).toHaveProperty('stderr', expect.stringContaining('throw new NoContextError();'));
  });
});
