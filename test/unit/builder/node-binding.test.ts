import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { bindNode, isOneShot } from '../../../src/builder/node-binding.js';
import type { BoundNode } from '../../../src/builder/node-binding.js';
import { PipelineInputSource } from '../../../src/nodes/pipeline-input-source.js';
import { PipelineOutputSink } from '../../../src/nodes/pipeline-output-sink.js';
import { SinkNode } from '../../../src/nodes/sink-node.js';
import { SourceNode } from '../../../src/nodes/source-node.js';
import { StreamSinkNode } from '../../../src/nodes/stream-sink-node.js';
import { StreamTransformNode } from '../../../src/nodes/stream-transform-node.js';
import { TransformNode } from '../../../src/nodes/transform-node.js';

class Numbers extends SourceNode<number> {
  override open(): number[] {
    return [1];
  }
}
class IterableNumbers extends SourceNode<number> {
  override open(): number[] {
    return [1];
  }

  *[Symbol.iterator](): Generator<number> {
    yield 1;
  }
}

class Double extends TransformNode<number, number> {
  override transform(item: number): number {
    return item * 2;
  }
}
class Pairs extends StreamTransformNode<number, number> {
  override transform(items: AsyncIterable<number>): AsyncIterable<number> {
    return items;
  }
}
class Save extends SinkNode<number> {
  override write(): void {
    // Takes it.
  }
}
class Load extends StreamSinkNode<number> {
  override async consume(): Promise<void> {
    // Takes all.
  }
}
/** A class that extends nothing: the method decides. */
class Plain {
  transform(item: number): number {
    return item;
  }
}
/** A class whose method is in a field: only its text tells it from a function. */
class WithField {
  transform = (item: number): number => item;
}
function Old(): void {
  // A function of before there were classes.
}
Old.prototype = { write: () => undefined };
class OwnInput extends PipelineInputSource<number> {}

const arrow = (item: number): number => item;

/** What was understood: kind, whether it takes the stream, default name, how. */
function understood(bound: BoundNode): string {
  if ('problem' in bound) return `problem: ${bound.problem}`;
  return [bound.kind, bound.isStream ? 'stream' : 'item', bound.name ?? '-', bound.binding.how].join(' ');
}

describe('what an add method is handed', () => {
  const cases: readonly (readonly [string, Parameters<typeof bindNode>, string])[] = [
    ['a class of source', ['source', Numbers], 'source item Numbers class'],
    ['an instance of source', ['source', new Numbers()], 'source item Numbers instance'],
    ['a function as source', ['source', () => [1]], 'source item - function'],
    ['an array', ['source', [1]], 'source item - iterable'],
    ['a Set', ['source', new Set([1])], 'source item - iterable'],
    [
      'a generator object',
      [
        'source',
        (function* () {
          yield 1;
        })(),
      ],
      'source item - iterable',
    ],
    [
      'an async iterable',
      [
        'source',
        {
          async *[Symbol.asyncIterator]() {
            yield 1;
          },
        },
      ],
      'source item - iterable',
    ],
    ['a text, whose characters are the items', ['source', 'ab'], 'source item - iterable'],
    [
      'an object that can be iterated, whatever methods it has',
      [
        'source',
        {
          open: () => [1],
          *[Symbol.iterator]() {
            yield 1;
          },
        },
      ],
      'source item - iterable',
    ],
    [
      'a SourceNode, though it can be iterated',
      ['source', new IterableNumbers()],
      'source item IterableNumbers instance',
    ],
    ['a class of transform', ['transform', Double], 'transform item Double class'],
    ['an instance of transform', ['transform', new Double()], 'transform item Double instance'],
    ['a class that extends nothing', ['transform', Plain], 'transform item Plain class'],
    ['a class with its method in a field', ['transform', WithField], 'transform item WithField class'],
    [
      'a class without a name',
      [
        'transform',
        (() =>
          class {
            transform = arrow;
          })(),
      ],
      'transform item - class',
    ],
    ['an object literal', ['transform', { transform: arrow }], 'transform item - instance'],
    ['a function', ['transform', arrow], 'transform item - function'],
    ['an async function', ['transform', async (item: number) => item], 'transform item - function'],
    ['a class of stream transform', ['stream-transform', Pairs], 'stream-transform stream Pairs class'],
    [
      'an instance of stream transform',
      ['stream-transform', new Pairs()],
      'stream-transform stream Pairs instance',
    ],
    [
      'an async generator function',
      [
        'stream-transform',
        async function* pairs(items: unknown) {
          yield items;
        },
      ],
      'stream-transform stream - function',
    ],
    ['a class of sink', ['sink', Save], 'sink item Save class'],
    ['an instance of sink', ['sink', new Save()], 'sink item Save instance'],
    ['a function as sink', ['sink', arrow], 'sink item - function'],
    ['a function with a prototype of its own', ['sink', Old], 'sink item Old class'],
    ['a class of stream sink', ['sink', Load], 'sink stream Load class'],
    ['an instance of stream sink', ['sink', new Load()], 'sink stream Load instance'],
    ['the class of composite input', ['source', PipelineInputSource], 'composite-input item - bridge'],
    [
      'an instance of composite input',
      ['source', new PipelineInputSource()],
      'composite-input item - bridge',
    ],
    ['a subclass of composite input', ['source', OwnInput], 'composite-input item - bridge'],
    ['the class of composite output', ['sink', PipelineOutputSink], 'composite-output item - bridge'],
    ['an instance of composite output', ['sink', new PipelineOutputSink()], 'composite-output item - bridge'],
  ];
  for (const [title, given, expected] of cases) {
    test(`understands ${title}`, () => {
      expect(understood(bindNode(...given))).toBe(expected);
    });
  }

  test('is kept as it is', () => {
    const instance = new Double();

    expect(bindNode('transform', Double)).toMatchObject({ binding: { type: Double } });
    expect(bindNode('transform', instance)).toMatchObject({ binding: { instance } });
    expect(bindNode('transform', arrow)).toMatchObject({ binding: { call: arrow } });
    expect(bindNode('source', 'añ🙂')).toMatchObject({ binding: { items: ['a', 'ñ', '🙂'] } });
  });
});

describe('what is no node', () => {
  const wrong: readonly (readonly [string, Parameters<typeof bindNode>, string])[] = [
    ['undefined', ['transform', undefined], 'not undefined (is an import circular?)'],
    ['null', ['sink', null], 'not null'],
    [
      'a number',
      ['source', 5],
      "'open', or a function, or an iterable was expected, not a value of type number",
    ],
    [
      'an object without the method',
      ['transform', { run: arrow }],
      "'transform', or a function was expected",
    ],
    ['an iterable that is no source', ['transform', [1]], 'not a value of type object'],
    [
      'an object with neither method of a sink',
      ['sink', {}],
      "'write' or 'consume', or a function was expected",
    ],
    ['a stream transform for single items', ['transform', Pairs], 'add it with addStreamTransform'],
    ['an instance of that', ['transform', new Pairs()], 'add it with addStreamTransform'],
    ['a transform for the stream', ['stream-transform', Double], 'add it with addTransform'],
    ['an instance of this', ['stream-transform', new Double()], 'add it with addTransform'],
    ['a composite input where items are changed', ['transform', PipelineInputSource], 'problem: '],
    ['a composite output where items begin', ['source', PipelineOutputSink], 'problem: '],
  ];
  for (const [title, given, words] of wrong) {
    test(`is refused: ${title}`, () => {
      expect(understood(bindNode(...given))).toMatch(/^problem: /);
      expect(understood(bindNode(...given))).toContain(words);
    });
  }
});

describe('an iterable that gives its items once', () => {
  const once = (node: unknown): boolean => {
    const bound = bindNode('source', node);
    return !('problem' in bound) && isOneShot(bound.binding);
  };

  test('is a stream', () => {
    const node = Readable.from([1]);
    expect([once(node), once(Readable.toWeb(Readable.from([1])))]).toEqual([true, true]);
  });

  test('is its own iterator', () => {
    expect(
      once(
        (function* () {
          yield 1;
        })(),
      ),
    ).toBe(true);
    expect(once([1].values())).toBe(true);
    expect([once([1]), once(new Map()), once(() => [1]), once(Numbers)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
