import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { isStream, isWebStream } from '../../../src/data/streams.js';

describe('what gives its items once', () => {
  const node = Readable.from(['1']);

  test.each([
    ['a Node stream', node, true],
    ['a stream of the web', Readable.toWeb(Readable.from(['1'])), true],
    ['a readline interface', createInterface({ input: node }), true],
    ['a list', [1], false],
    ['a generator', [1].values(), false],
    ['a stream that is written to', new Writable(), false],
    ['nothing', undefined, false],
  ])('%s', (_name, value, expected) => {
    expect(isStream(value)).toBe(expected);
  });

  test('a stream of the web is told from one of Node', () => {
    expect([isWebStream(new ReadableStream()), isWebStream(node)]).toEqual([true, false]);
  });
});
