import { readProperty } from '../data/foreign-value.js';
import type { Blueprint, BlueprintNode } from '../engine/node-replacement.js';
import { PipelineError } from '../errors/pipeline-error.js';
import type { TypedTarget } from './node-stub.js';

/** What a test names a node by: its name or path, its class, or its handle. */
export type NodeTarget = string | TypedTarget;

/** The kind of node that is looked for. */
export type TargetKind = 'source' | 'sink' | 'node';

/** The rule of a {@link NodeTarget}. */
export function targetRule(which: unknown): string | undefined {
  const isName = typeof which === 'string' && which !== '';
  const isHandle = typeof which === 'object' && typeof readProperty(which, 'id') === 'string';
  return isName || isHandle || typeof which === 'function'
    ? undefined
    : 'the name, class or handle of a node';
}

/**
 * The path of the node that a test names; one that is named by its path into a child need not be there yet.
 *
 * @throws {@link PipelineError} `NODE_UNKNOWN` where a class is not that of exactly one of the root's nodes.
 */
export function pathOf(which: NodeTarget, root: Blueprint, kind: TargetKind): string {
  if (typeof which === 'function') return pathOfClass(which, root, kind);
  const name = typeof which === 'string' ? which : which.id;
  const path = `${root.path}/${name}`;
  // The root's name may stand before a path; but a node may have that name, too.
  const [first = ''] = name.split('/');
  const isWhole = first === root.path && name !== first && !root.nodes.some(({ id }) => id === first);
  return isWhole ? name : path;
}

/** An error for a name, class or handle that no node has. */
export function unknownTarget(which: NodeTarget, root: Blueprint, kind: TargetKind): PipelineError {
  const name = typeof which === 'string' ? `'${which}'` : describeTyped(which);
  return unknown(root, kind, `There is no ${kind} ${name}.`);
}

function describeTyped(which: TypedTarget): string {
  return typeof which === 'function' ? `of the class '${which.name}'` : `with the handle of '${which.id}'`;
}

function pathOfClass(type: Exclude<NodeTarget, string>, root: Blueprint, kind: TargetKind): string {
  const nodes = root.nodes.filter((node) => isOfKind(node, kind) && classOf(node) === type);
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return only.path;
  if (only === undefined) throw unknownTarget(type, root, kind);
  const names = nodes.map(({ id }) => `'${id}'`).join(', ');
  throw unknown(
    root,
    kind,
    `It cannot be told which ${kind} is meant: ${names} are all ${describeTyped(type)}.`,
  );
}

function classOf({ binding }: BlueprintNode): unknown {
  if (binding?.how === 'class') return binding.type;
  return binding?.how === 'instance' ? readProperty(binding.instance, 'constructor') : undefined;
}

function isOfKind(node: BlueprintNode, kind: TargetKind): boolean {
  return kind === 'node' ? node.binding?.how !== 'bridge' : node.kind === kind;
}

function unknown(root: Blueprint, kind: TargetKind, problem: string): PipelineError {
  const names = root.nodes.filter((node) => isOfKind(node, kind)).map(({ id }) => `'${id}'`);
  const known = names.length === 0 ? `has no ${kind}` : `has ${names.join(', ')}`;
  return new PipelineError('NODE_UNKNOWN', {
    path: root.path,
    problem: `${problem} '${root.name}' ${known}.`,
    remedy:
      kind === 'node'
        ? "Use the name of a node of the pipeline, or its path into a child: 'composite/node'."
        : `Use the name of a ${kind} of the pipeline under test itself.`,
  });
}
