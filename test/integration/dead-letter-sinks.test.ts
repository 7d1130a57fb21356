import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FileDeadLetterSink,
  MemoryDeadLetterSink,
  type DeadLetterEnvelope,
  type DeadLetterFilter,
  type DeadLetterMark,
} from 'heirline';
import { deadLetterSinkConformance } from 'heirline/testing';
import { describe, expect, it } from 'vitest';
import { describeReplayInFile } from './support/replay-processes.js';

const folder = mkdtempSync(join(tmpdir(), 'heirline-letters-'));
let made = 0;

/** The path of a file that is not there yet. */
function newPath(): string {
  made += 1;
  return join(folder, `letters-${String(made)}.ndjson`);
}

describe('the memory is a sink of dead letters', () => {
  const cases = deadLetterSinkConformance({
    create: () => new MemoryDeadLetterSink(),
    createSmall: () => new MemoryDeadLetterSink({ capacity: 2 }),
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe.each([
  ['a file', {}],
  ['a file that is rotated', { maxBytes: 2000 }],
])('%s is a sink of dead letters', (_, options) => {
  const cases = deadLetterSinkConformance({
    create: () => new FileDeadLetterSink({ path: newPath(), ...options }),
  });
  it.each(cases)('$name', ({ run }) => run());
});

describe('a sink in a file', () => {
  describeReplayInFile(() => {
    const path = newPath();
    return { sink: { file: path }, open: () => new FileDeadLetterSink({ path }) };
  });
});

/** Sinks with one fault each. */
const faulty = {
  'forgets a letter': class extends MemoryDeadLetterSink {
    override write(letter: DeadLetterEnvelope): void {
      if (letter.id !== 'letter-2') super.write(letter);
    }
  },
  'loses a part of a letter': class extends MemoryDeadLetterSink {
    override write(letter: DeadLetterEnvelope): void {
      super.write({ ...letter, correlationId: undefined });
    }
  },
  'reads the latest first': class extends MemoryDeadLetterSink {
    override async *read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
      const letters: DeadLetterEnvelope[] = [];
      for await (const letter of super.read(filter)) letters.unshift(letter);
      yield* letters;
    }
  },
  'takes no notice of fields': class extends MemoryDeadLetterSink {
    override read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
      return super.read(typeof filter === 'function' ? filter : undefined);
    }
  },
  'reads what comes meanwhile': class extends MemoryDeadLetterSink {
    override async *read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
      const seen = new Set<string>();
      for (let more = true; more && seen.size < 50;) {
        more = false;
        for await (const letter of super.read(filter)) {
          if (seen.has(letter.id)) continue;
          seen.add(letter.id);
          more = true;
          yield letter;
        }
      }
    }
  },
  'gives every claim': class extends MemoryDeadLetterSink {
    override mark(id: string, mark: DeadLetterMark): boolean {
      super.mark(id, mark);
      return true;
    }
  },
  'lets no claim grow old': class extends MemoryDeadLetterSink {
    override mark(id: string, mark: DeadLetterMark): boolean {
      return super.mark(id, mark.outcome === 'claimed' ? { ...mark, at: 0 } : mark);
    }
  },
  'does not count tries': class extends MemoryDeadLetterSink {
    override mark(id: string, mark: DeadLetterMark): boolean {
      return super.mark(id, { ...mark, attempts: 1 });
    }
  },
  'keeps what has succeeded': class extends MemoryDeadLetterSink {
    override mark(id: string, mark: DeadLetterMark): boolean {
      return super.mark(id, mark.outcome === 'succeeded' ? { ...mark, outcome: 'failedAgain' } : mark);
    }
  },
  'drops letters where it is full': class extends MemoryDeadLetterSink {
    override write(letter: DeadLetterEnvelope): void {
      try {
        super.write(letter);
      } catch {
        // In silence.
      }
    }
  },
};

describe('the conformance suite finds out a sink that', () => {
  it.each(Object.entries(faulty))('%s', async (_, Faulty) => {
    const cases = deadLetterSinkConformance({
      create: () => new Faulty(),
      createSmall: () => new Faulty({ capacity: 2 }),
    });
    const ends = await Promise.allSettled(cases.map(async ({ run }) => run()));
    expect(ends.map(({ status }) => status)).toContain('rejected');
  });
});
