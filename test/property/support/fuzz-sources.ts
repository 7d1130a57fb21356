import { Readable } from 'node:stream';
import type { PipelineContext } from 'heirline';
import { nextTurn } from '../../integration/support/harness.js';
import { untilAborted, type Place } from './fuzz-nodes.js';
import type { Item, Source } from './fuzz-program.js';
import { count } from './fuzz-recorder.js';

/** The function of a source. */
export function sourceOf({ path, recorder }: Place, source: Source) {
  const { kind, values, then } = source;
  const items = (): Item[] => values.map((value) => ({ value, way: path }));
  const give = (item: Item): Item => {
    recorder.happens(`an item of ${path}`);
    count(recorder.given, path);
    return item;
  };
  function* generate(): Generator<Item> {
    count(recorder.opened, path);
    try {
      for (const item of items()) yield give(item);
      if (then === 'throw') throw new Error(`${path} ends badly`);
    } finally {
      count(recorder.closed, path);
    }
  }
  async function* generateLater(context: PipelineContext): AsyncGenerator<Item> {
    count(recorder.opened, path);
    try {
      for (const item of items()) {
        await (item.value % 3 === 0 ? nextTurn() : Promise.resolve());
        yield give(item);
      }
      if (then === 'throw') throw new Error(`${path} ends badly`);
      if (then === 'wait') await untilAborted(context.signal);
    } finally {
      count(recorder.closed, path);
    }
  }
  const read = (): Readable => {
    const left = items();
    const readable = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        const item = left.shift();
        if (item !== undefined) this.push(give(item));
        else if (then === 'throw') this.destroy(new Error(`${path} ends badly`));
        else if (then === 'end') this.push(null);
      },
    });
    recorder.readables.push([path, readable]);
    return readable;
  };
  return (context: PipelineContext): Iterable<Item> | AsyncIterable<Item> | Promise<Iterable<Item>> => {
    recorder.happens(`opening ${path}`);
    if (kind === 'readable') return read();
    if (then === 'wait') return generateLater(context);
    if (then === 'throw') return kind === 'asyncGenerator' ? generateLater(context) : generate();
    switch (kind) {
      case 'array':
        return items().map(give);
      case 'generator':
      case 'class':
        return generate();
      case 'asyncGenerator':
        return generateLater(context);
      case 'promises':
        return items().map((item) => Promise.resolve(give(item))) as unknown as Item[];
      case 'promisedArray':
        return Promise.resolve(items().map(give));
      case 'iterator':
        return items().map(give)[Symbol.iterator]();
    }
  };
}
