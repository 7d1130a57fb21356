import { asNode } from '../execution/active-scopes.js';
import type { Execution } from '../execution/execution.js';
import { openItems } from './open-items.js';
import type { AnyIterator, OpenedItems } from './open-items.js';

/**
 * Gets the iterator of the items that a node returned; its methods are called as code of that node.
 *
 * @throws as {@link openItems} does.
 */
export function openAsNode(execution: Execution, path: string, items: unknown, what?: string): OpenedItems {
  const opened = asNode(execution, path, openItems, items, path, what);
  const isScoped = execution.scopes?.ofNode(path) !== undefined && opened.list === undefined;
  return isScoped ? { ...opened, iterator: calledAsNode(execution, path, opened.iterator) } : opened;
}

function calledAsNode(execution: Execution, path: string, iterator: AnyIterator): AnyIterator {
  const call = (method: () => unknown): unknown => asNode(execution, path, method);
  return {
    next: () => call(() => iterator.next()),
    return: () => call(() => iterator.return?.()),
    // What comes of a call is judged where it is read, as that of any iterator.
  } as AnyIterator;
}
