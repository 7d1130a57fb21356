import { concatMap, connect, filter, from, map, merge, mergeMap, Observable, of } from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { Peer } from '../harness/peer.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** RxJS: observables; what is without a promise runs to its end within `subscribe`. */
export const peer: Peer = {
  name: 'RxJS',

  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(from(numbers).pipe(map(one), map(two), map(three), filter(keep))),

  flatAsync:
    ([one, two, three]) =>
    (numbers) =>
    () =>
      total(from(numbers).pipe(concatMap(one), concatMap(two), concatMap(three))),

  concurrency:
    ({ map: work, concurrency }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(
          mergeMap((number, index) => work(number).then((value) => ({ index, value })), concurrency),
          inOrder(),
        ),
      ),

  composite:
    ({ inherited }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(
          concatMap((item) => {
            const context = { item, inherited };
            const add = new Add();
            const double = new Double();
            return of(context.item).pipe(
              map((value) => add.transform(value)),
              map((value) => double.transform(value)),
            );
          }),
        ),
      ),

  depth: (levels) => (numbers) => () => total(from(numbers).pipe(concatMap((item) => level(item, levels)))),

  fanOut:
    ({ left, right }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(connect((shared) => merge(shared.pipe(map(left)), shared.pipe(map(right))))),
        unorderedChecksum,
      ),
};

function total(outputs: Observable<number>, add = checksum): Promise<number> {
  return new Promise((resolve, reject) => {
    let sum = 0;
    outputs.subscribe({
      next: (output) => (sum = add(sum, output)),
      error: reject,
      complete: () => resolve(sum),
    });
  });
}

function level(item: number, levels: number): Observable<number> {
  const add = new Add();
  const added = of(item).pipe(map((value) => add.transform(value)));
  return levels === 1 ? added : added.pipe(concatMap((value) => level(value, levels - 1)));
}

/** RxJS has `mergeMap` for what runs at once, and nothing that restores the order. */
function inOrder(): OperatorFunction<{ readonly index: number; readonly value: number }, number> {
  return (source) =>
    new Observable((subscriber) => {
      const early = new Map<number, number>();
      let next = 0;
      return source.subscribe({
        next({ index, value }) {
          early.set(index, value);
          for (let ready = early.get(next); ready !== undefined; ready = early.get(next)) {
            early.delete(next);
            next += 1;
            subscriber.next(ready);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
