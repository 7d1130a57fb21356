import { runPipeline, type Logger, type RunStore, type StoredLineageSink } from 'heirline';
import { describe, expect, it } from 'vitest';
import { definePipeline, range } from './harness.js';
import { sampleHop, sampleRecord } from './sample-record.js';
import { keptLogger } from './sql-store-cases.js';

/** A database of a test, and how its contents are changed past the sink. */
interface LineageDatabase {
  readonly open: (options?: { logger?: Logger }) => StoredLineageSink;
  readonly openRuns: () => RunStore;
  readonly query: (text: string) => Promise<void>;
}

/** What must be true of lineage sinks in SQL databases, beyond what is true of every sink. */
export function describeSqlLineage(create: () => LineageDatabase | Promise<LineageDatabase>): void {
  it('keeps the way of every item of a run, for another process to ask about', async () => {
    const database = await create();
    const sink = database.open();
    const Numbers = definePipeline('numbers', (builder) => {
      const source = builder.addSource(range(1, 300), 'source');
      const even = builder.addTransform((item) => item * 2, { name: 'double', from: source });
      builder.addSink(() => undefined, { name: 'save', from: even });
    });
    const { runId } = await runPipeline(Numbers, { lineageSink: sink });
    await sink.close();

    const other = database.open();
    expect(await other.passedThrough('numbers/double')).toHaveLength(300);
    expect(await other.unresolved()).toEqual([]);
    expect(await other.forget({ runId })).toBe(300);
    await other.close();
  });

  it('may have its records in the database of the runs', async () => {
    const database = await create();
    const runs = database.openRuns();
    const sink = database.open();
    await Promise.all([runs.list({ limit: 1 }), sink.record(sampleRecord('a'))]);
    expect(await sink.history('a')).toHaveLength(1);
    await Promise.all([runs.close(), sink.close()]);
  });

  it('is written to by several processes at once, on the same and on other ways', async () => {
    const database = await create();
    const sinks = range(1, 3).map(() => database.open());
    await Promise.all(
      sinks.flatMap((sink, which) =>
        range(1, 100).map(async (number) =>
          sink.record(
            sampleRecord(`${String(which)}-${String(number)}`, {
              traversal: [sampleHop('orders/read'), sampleHop(`orders/${String(number % 10)}`)],
            }),
          ),
        ),
      ),
    );
    expect(await sinks[0]?.passedThrough('orders/read')).toHaveLength(300);
    expect(await sinks[1]?.passedThrough('orders/7')).toHaveLength(30);
    await Promise.all(sinks.map(async (sink) => sink.close()));
  });

  it('has written all when it is closed', async () => {
    const database = await create();
    const sink = database.open();
    const written = range(1, 50).map(async (number) => sink.record(sampleRecord(String(number))));
    await sink.close();
    await Promise.all(written);

    const other = database.open();
    expect(await other.passedThrough('orders/save')).toHaveLength(50);
    await other.close();
  });

  it('keeps long items, however many come at once', async () => {
    const sink = (await create()).open();
    const output = 'x'.repeat(300_000);
    await Promise.all(range(1, 5).map(async (n) => sink.record(sampleRecord(String(n), { output }))));
    const records = await sink.passedThrough('orders/save');
    expect(records.map((record) => String(record.output).length)).toEqual(range(1, 5).map(() => 300_000));
    await sink.close();
  });

  describe('a damaged row', () => {
    it.each(['no JSON', '{}', '{"correlationId":"a"}'])('(%s) is left out, and told', async (text) => {
      const database = await create();
      const logger = keptLogger();
      const sink = database.open({ logger });
      await sink.record(sampleRecord('a'));
      await sink.record(sampleRecord('b'));
      await database.query(`update heirline_lineage set record = '${text}' where correlation_id = 'a'`);

      expect((await sink.passedThrough('orders/save')).map(({ correlationId }) => correlationId)).toEqual([
        'b',
      ]);
      expect(await sink.terminal('a')).toBeUndefined();
      expect(logger.lines).toEqual([
        expect.stringMatching(/lineage: 1 record was left out as damaged: .*position 1.*'record'/),
        expect.stringMatching(/left out/),
      ]);
      await sink.close();
    });
  });
}
