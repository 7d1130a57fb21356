import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../../examples/observed/report.js';
import { runObserved, type ObservedOutcome } from '../../examples/observed/run-observed.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

describe('examples/observed', () => {
  let folder: string;
  let outcome: ObservedOutcome;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heirline-observed-test-'));
    outcome = await runObserved({ folder });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const written = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');

  it('prints what it promises', async () => {
    const expected = await readFile('examples/observed/expected-output.txt', 'utf8');

    expect(`${await report(outcome, folder)}\n`).toBe(expected);
  });

  it('writes one trace, in which each span lies within the one above it', async () => {
    const spans = (await written('trace.ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Span);
    const known = new Map(spans.map((span) => [span.spanId, span]));
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);

    expect(roots.map(({ name, traceId }) => [name, traceId])).toEqual([
      ['pipeline observed', outcome.result.traceId],
    ]);
    for (const span of spans) {
      if (span.parentSpanId === undefined) continue;
      const above = known.get(span.parentSpanId);
      expect(above?.traceId).toBe(span.traceId);
      expect(BigInt(above?.startTimeUnixNano ?? 0)).toBeLessThanOrEqual(BigInt(span.startTimeUnixNano));
    }
    const compared = spans.filter(({ name }) => name === 'node compare');
    expect(compared.filter(({ attributes }) => attributes['heirline.outcome'] === 'failed')).toHaveLength(3);
  });

  it('draws the pipeline with what passed each node', async () => {
    const svg = await written('flights.svg');

    for (const text of ['>records<', '>130 items<', '>107 → 105<', 'parameters: tolerance'])
      expect(svg).toContain(text);
  });

  it('measures every node, at every level, as the result counts them', () => {
    const { metrics, result } = outcome;

    expect(Object.keys(metrics).sort()).toEqual([...result.nodes.keys()].sort());
    expect(metrics['observed/enrich/origin/look-up']?.counts).toEqual(
      result.nodes.get('observed/enrich/origin/look-up'),
    );
    expect(metrics['observed/enrich/measure']?.latency?.sampled).toBe(104);
  });
});
