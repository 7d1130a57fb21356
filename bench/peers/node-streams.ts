import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import { outputOrNothing } from '../harness/step.js';
import type { ChildStep, Step } from '../harness/step.js';

/** Streams of Node in object mode, connected with `pipeline`. */
export const peer: PeerWork = {
  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    async () => {
      const sink = new SumSink();
      await pipeline(Readable.from(numbers), map(one), map(two), map(three), filter(keep), sink);
      return sink.sum;
    },

  flatAsync:
    ([one, two, three]) =>
    (numbers) =>
    async () => {
      const sink = new SumSink();
      await pipeline(Readable.from(numbers), mapAsync(one), mapAsync(two), mapAsync(three), sink);
      return sink.sum;
    },

  concurrency:
    ({ map: work, concurrency }) =>
    (numbers) =>
    async () => {
      const sink = new SumSink();
      await pipeline(Readable.from(numbers).map(work, { concurrency }), sink);
      return sink.sum;
    },

  fanOut:
    ({ left, right }) =>
    (numbers) =>
    async () => {
      const sink = new SumSink(unorderedChecksum);
      await pipeline(merged(Readable.from(numbers), [map(left), map(right)]), sink);
      return sink.sum;
    },

  anyShape: (steps) => (numbers) => async () => {
    const sink = new SumSink(unorderedChecksum);
    await pipeline(steps.reduce(withStep, Readable.from(numbers)), sink);
    return sink.sum;
  },
};

/** Gives the items of a stream to several, and merges what they give. */
function merged(source: Readable, branches: readonly Transform[]): Readable {
  const target = new PassThrough({ objectMode: true });
  let open = branches.length;
  for (const branch of branches) {
    source.pipe(branch).pipe(target, { end: false });
    branch.once('end', () => {
      open -= 1;
      if (open === 0) target.end();
    });
  }
  return target;
}

function withStep(items: Readable, step: Step): Readable {
  switch (step.kind) {
    case 'map':
      return items.pipe(map(step.map));
    case 'class': {
      const node = new step.Node();
      return items.pipe(map((value) => node.transform(value)));
    }
    case 'map async':
      return items.pipe(mapAsync(step.map));
    case 'map at once':
      return items.map(step.map, { concurrency: step.concurrency });
    case 'filter':
      return items.pipe(filter(step.keep));
    case 'expand':
      return items.pipe(expand(step.expand));
    case 'map or skip':
      return items.pipe(expand(outputOrNothing(step.map)));
    case 'branches':
      return merged(items, [map(step.left), map(step.right)]);
    case 'child':
      return items.pipe(mapAsync((item) => child(item, step.steps)));
  }
}

/** A stream for a single item costs more than everything else. */
async function child(item: number, steps: readonly ChildStep[]): Promise<number> {
  for await (const output of steps.reduce(withStep, Readable.from([item]))) return output as number;
  throw new Error('A child without an output');
}

function expand(change: (value: number) => Iterable<number>): Transform {
  return new Transform({
    objectMode: true,
    transform(value: number, _encoding, done) {
      for (const output of change(value)) this.push(output);
      done();
    },
  });
}

class SumSink extends Writable {
  readonly #add: (sum: number, output: number) => number;
  sum = 0;

  constructor(add = checksum) {
    super({ objectMode: true });
    this.#add = add;
  }

  override _write(output: number, _encoding: BufferEncoding, done: () => void): void {
    this.sum = this.#add(this.sum, output);
    done();
  }
}

function map(change: (value: number) => number): Transform {
  return new Transform({
    objectMode: true,
    transform: (value: number, _encoding, done) => done(null, change(value)),
  });
}

function mapAsync(change: (value: number) => Promise<number>): Transform {
  return new Transform({
    objectMode: true,
    transform(value: number, _encoding, done) {
      change(value).then((changed) => done(null, changed), done);
    },
  });
}

function filter(keep: (value: number) => boolean): Transform {
  return new Transform({
    objectMode: true,
    transform: (value: number, _encoding, done) => (keep(value) ? done(null, value) : done()),
  });
}
