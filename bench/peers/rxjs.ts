import {
  bufferCount,
  catchError,
  concatMap,
  connect,
  EMPTY,
  filter,
  from,
  map,
  merge,
  mergeMap,
  Observable,
  of,
  scan,
} from 'rxjs';
import type { OperatorFunction } from 'rxjs';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import type { Step } from '../harness/step.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** RxJS: observables; what is without a promise runs to its end within `subscribe`. */
export const peer: PeerWork = {
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

  writingChild:
    ({ Second }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(
          concatMap((item) => {
            const values = new Map<string, unknown>();
            const add = new Add();
            const second = new Second();
            return of(item).pipe(
              map((value) => add.transform(value)),
              map((value) => second.transform(value, values)),
            );
          }),
        ),
      ),

  batches:
    ({ size, valueOf }) =>
    (numbers) =>
    () =>
      total(from(numbers).pipe(bufferCount(size), map(valueOf))),

  scan: (step) => (numbers) => () => total(from(numbers).pipe(scan(step, 0))),

  anyShape: (steps) => (numbers) => () => total(steps.reduce(withStep, from(numbers)), unorderedChecksum),

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

function withStep(items: Observable<number>, step: Step): Observable<number> {
  switch (step.kind) {
    case 'map':
      return items.pipe(map(step.map));
    case 'class': {
      const node = new step.Node();
      return items.pipe(map((value) => node.transform(value)));
    }
    case 'map async':
      return items.pipe(concatMap(step.map));
    case 'map at once':
      return items.pipe(mergeMap(step.map, step.concurrency));
    case 'filter':
      return items.pipe(filter(step.keep));
    case 'expand':
      return items.pipe(concatMap(step.expand));
    case 'map or skip':
      return items.pipe(
        concatMap((value) =>
          of(value).pipe(
            map(step.map),
            catchError(() => EMPTY),
          ),
        ),
      );
    case 'branches':
      return items.pipe(
        connect((shared) => merge(shared.pipe(map(step.left)), shared.pipe(map(step.right)))),
      );
    case 'child':
      return items.pipe(concatMap((item) => step.steps.reduce(withStep, of(item))));
  }
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
