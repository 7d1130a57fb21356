import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { Peer } from '../harness/peer.js';

/** Streams of Node in object mode, connected with `pipeline`. */
export const peer: Peer = {
  name: 'Node streams',

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
      const source = Readable.from(numbers);
      const branches = [source.pipe(map(left)), source.pipe(map(right))];
      const merged = new PassThrough({ objectMode: true });
      let open = branches.length;
      for (const branch of branches) {
        branch.pipe(merged, { end: false });
        branch.once('end', () => {
          open -= 1;
          if (open === 0) merged.end();
        });
      }
      await pipeline(merged, sink);
      return sink.sum;
    },
};

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
