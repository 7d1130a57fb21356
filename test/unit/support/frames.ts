import { ChildInheritance } from '../../../src/context/child-inheritance.js';
import type { ChildValues } from '../../../src/context/child-inheritance.js';
import { CompositeContextConfiguration } from '../../../src/context/composite-context-configuration.js';
import type { CompositeContextOptions } from '../../../src/context/composite-context-configuration.js';
import { childFrame } from '../../../src/context/context-frame.js';
import type { ContextFrame } from '../../../src/context/context-frame.js';
import { PipelineContext, frameOf } from '../../../src/context/pipeline-context.js';
import type { PipelineContextOptions } from '../../../src/context/pipeline-context-options.js';
import { rootContext } from '../../../src/context/root-context.js';
import type { RootContext } from '../../../src/context/root-context.js';

/** A root context, as a run makes it. */
export function root(options: PipelineContextOptions = {}, path = 'root'): RootContext {
  const template = new PipelineContext(options);
  const { services } = frameOf(template);
  return rootContext(template, { path, pipelineName: path }, services, undefined);
}

/** The frame of a root context. */
export function rootFrame(options: PipelineContextOptions = {}, path = 'root'): ContextFrame {
  return root(options, path).frame;
}

/** What a composite passes to its child: the options that differ from the default, and explicit values. */
export function inheritance(
  options: Partial<CompositeContextOptions> = {},
  values: ChildValues = {},
  path = 'root/child',
): ChildInheritance {
  return new ChildInheritance(CompositeContextConfiguration.create(options), values, path, false);
}

/** The frame of a child that a composite of the parent starts now. */
export function childOf(
  parent: ContextFrame,
  options: Partial<CompositeContextOptions> = {},
  values: ChildValues = {},
  nodeId = 'child',
): ContextFrame {
  const path = `${parent.path}/${nodeId}`;
  const passed = inheritance(options, values, path);
  return childFrame(
    parent,
    { path, pipelineName: nodeId, child: { nodeId, inheritance: passed } },
    parent.scope,
  );
}
