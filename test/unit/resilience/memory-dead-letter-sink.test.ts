import { describe, expect, test } from 'vitest';
import type { DeadLetterEnvelope } from '../../../src/ports/dead-letter-sink.js';
import { MemoryDeadLetterSink } from '../../../src/resilience/memory-dead-letter-sink.js';
import { errorOf, misuse } from '../support/thrown.js';

function letter(id: number): DeadLetterEnvelope {
  return {
    version: 1,
    id: String(id),
    item: id,
    error: { name: 'Error', message: 'e' },
    path: 'orders/check',
    decidedAt: 'orders/check',
    runId: 'r1',
    pipelineId: 'p1',
    pipelineName: 'orders',
    pipelineNames: ['orders'],
    attempts: 1,
    failedAt: new Date(),
    context: { parameters: {}, properties: {}, items: [] },
    replays: [],
  };
}

describe('a dead-letter sink in memory', () => {
  test('keeps envelopes in the order of arrival, and reads those that are there now', async () => {
    const sink = new MemoryDeadLetterSink();
    sink.write(letter(1));
    sink.write(letter(2));
    const read: string[] = [];
    for await (const { id } of sink.read()) {
      read.push(id);
      if (id === '1') sink.write(letter(3));
    }

    expect(read).toEqual(['1', '2']);
    expect(sink.envelopes.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  test('refuses the envelope beyond its capacity loudly, and takes more once it is cleared', () => {
    const sink = new MemoryDeadLetterSink({ capacity: 2 });
    sink.write(letter(1));
    sink.write(letter(2));
    const error = errorOf(() => {
      sink.write(letter(3));
    });

    expect({ code: error.code, path: error.path }).toEqual({
      code: 'DEAD_LETTER_FULL',
      path: 'orders/check',
    });
    expect(error.message).toContain('holds its 2 envelopes already');
    expect(sink.clear().map(({ id }) => id)).toEqual(['1', '2']);
    sink.write(letter(4));
    expect(sink.envelopes.map(({ id }) => id)).toEqual(['4']);
  });

  test('holds 1,000 unless told otherwise', () => {
    const sink = new MemoryDeadLetterSink({ capacity: undefined });
    for (let id = 0; id < 1000; id += 1) sink.write(letter(id));

    expect(
      errorOf(() => {
        sink.write(letter(1000));
      }).code,
    ).toBe('DEAD_LETTER_FULL');
  });

  test('refuses a capacity that is none', () => {
    for (const options of [{ capacity: 0 }, { capacity: 1.5 }, { size: 3 }, null]) {
      expect(errorOf(() => new MemoryDeadLetterSink(misuse(options))).code).toBe('OPTION_INVALID');
    }
  });
});
