import { types } from 'node:util';
import type { NodeBinding } from '../builder/node-binding.js';
import { isThenable, toPromise } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { ReplaceableNode, RunReplacement } from './compiling/run-replacement.js';

type Call = (...args: readonly unknown[]) => unknown;

/**
 * Makes transforms that return a generator fail. Used in development mode only, since each result is checked.
 *
 * Without this check a generator is passed on as one item, and the error shows only in a later node.
 *
 * @param replaced replacements of a pipeline under test, applied first.
 */
export function refusingGenerators(replaced: RunReplacement | undefined): RunReplacement {
  return {
    definition: () => undefined,
    ...replaced,
    node: (node: ReplaceableNode) => {
      const binding = replaced?.node(node) ?? node.binding;
      return node.kind === 'transform' ? watched(binding, node.path) : binding;
    },
  };
}

function watched(binding: NodeBinding | undefined, path: string): NodeBinding | undefined {
  switch (binding?.how) {
    case 'function':
      return { how: 'function', call: watchedCall(binding.call, path) };
    case 'instance':
      return { how: 'instance', instance: watchedInstance(binding.instance, path) };
    case 'class': {
      const { around = (instance: object) => instance } = binding;
      return { ...binding, around: (instance) => watchedInstance(around(instance), path) };
    }
    default:
      return binding;
  }
}

/**
 * Replaces a node's `transform` through a proxy.
 *
 * The node may be frozen, and its methods must run on the node itself.
 */
function watchedInstance(instance: object, path: string): object {
  return new Proxy(
    {},
    {
      get(_, property) {
        const value: unknown = Reflect.get(instance, property);
        if (typeof value !== 'function') return value;
        const call: Call = (...args) => Reflect.apply(value, instance, args) as unknown;
        return property === 'transform' ? watchedCall(call, path) : call;
      },
      has: (_, property) => Reflect.has(instance, property),
    },
  );
}

function watchedCall(call: Call, path: string): Call {
  const refuse = (result: unknown): unknown => {
    if (!types.isGeneratorObject(result)) return result;
    // The generator has not begun, so it need not be closed.
    throw new PipelineError('NODE_INVALID', {
      path,
      problem: 'The transform returned a generator, which would be passed on as one item.',
      remedy:
        "To give several items for one, add the node with addStreamTransform, or make it a composite with output: 'many'; to hand on a generator itself, put it into an object.",
    });
  };
  return (...args) => {
    const result = call(...args);
    return isThenable(result) ? toPromise(result).then(refuse) : refuse(result);
  };
}
