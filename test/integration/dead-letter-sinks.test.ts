import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDeadLetterSink, MemoryDeadLetterSink } from 'heirline';
import { deadLetterSinkConformance } from 'heirline/testing';
import { describe, it } from 'vitest';
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
