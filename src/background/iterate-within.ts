import { hasMethod } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';

/** Calls a step of an iteration somewhere else. */
type Within = <T>(step: () => T) => T;

type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>;

/** Some iterator: of its methods those that it has are called. */
interface AnyIterator {
  next(...given: unknown[]): unknown;
  return?(...given: unknown[]): unknown;
  throw?(...given: unknown[]): unknown;
}

/**
 * An iterable of the same kind, of which every step is called through a function.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for what cannot be iterated.
 */
export function iterateWithin(iterable: AnyIterable, within: Within): AnyIterable {
  const kind = kindOf(iterable);
  // An iterable that gives one iterator again and again is known by that: so does this one.
  const known = new WeakMap<object, AnyIterator>();
  const open = (): AnyIterator => {
    const iterator = within(() => (Reflect.get(Object(iterable), kind) as () => AnyIterator).call(iterable));
    let stepped = known.get(iterator);
    if (stepped === undefined) known.set(iterator, (stepped = steppedWithin(iterator, kind, within)));
    return stepped;
  };
  return kind === Symbol.asyncIterator
    ? { [Symbol.asyncIterator]: () => open() as AsyncIterator<unknown> }
    : { [Symbol.iterator]: () => open() as Iterator<unknown> };
}

function kindOf(iterable: unknown): symbol {
  if (hasMethod(iterable, Symbol.asyncIterator)) return Symbol.asyncIterator;
  if (typeof iterable === 'string' || hasMethod(iterable, Symbol.iterator)) return Symbol.iterator;
  throw invalidOption('iterate', 'something that can be iterated was expected');
}

/** An iterator that has the same of `return` and `throw`, and is its own iterable, as those of the language are. */
function steppedWithin(iterator: AnyIterator, kind: symbol, within: Within): AnyIterator {
  const step =
    (name: 'next' | 'return' | 'throw') =>
    (...given: unknown[]): unknown =>
      within(() => iterator[name]?.(...given));
  const stepped: AnyIterator = {
    next: step('next'),
    ...(hasMethod(iterator, 'return') && { return: step('return') }),
    ...(hasMethod(iterator, 'throw') && { throw: step('throw') }),
  };
  return Object.assign(stepped, { [kind]: () => stepped });
}
