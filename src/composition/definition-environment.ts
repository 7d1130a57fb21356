import type { DefinitionSource } from '../builder/blueprint.js';
import type { DescribeEnvironment } from '../builder/describe-definition.js';
import { instantiateDefinition } from '../builder/instantiate-definition.js';
import { openBuilder } from '../builder/pipeline-builder.js';
import { instanceFrom, isBoundIn } from '../ports/node-container.js';
import type { NodeContainer, NodeIdentifier } from '../ports/node-container.js';

/** How many levels of composites may stand below a root, unless the runner says otherwise. */
export const DEFAULT_MAX_DEPTH = 32;

/** Describes definitions as a run does: a class that is bound comes from the container, once. */
export class DefinitionEnvironment implements DescribeEnvironment {
  readonly #container: NodeContainer | undefined;
  /** What the container gave for each class; undefined where it is not bound. */
  readonly #fromContainer = new Map<DefinitionSource, object | undefined>();

  constructor(
    container: NodeContainer | undefined,
    readonly maxDepth: number = DEFAULT_MAX_DEPTH,
    /** Gives the definition that stands in for one under test. */
    private readonly standIn: (source: DefinitionSource) => object | undefined = () => undefined,
  ) {
    this.#container = container;
  }

  resolve(source: DefinitionSource, path: string): object {
    return this.standIn(source) ?? instantiateDefinition(source, path, (type) => this.#bound(type));
  }

  open: DescribeEnvironment['open'] = (request) => openBuilder(request);

  /** Whether the container gives this environment the same definitions as it gave another one. */
  agreesWith(other: DefinitionEnvironment): boolean {
    try {
      return [...other.#fromContainer].every(([source, instance]) => {
        return this.#bound(source as NodeIdentifier<object>) === instance;
      });
    } catch {
      // What the container cannot give now is a matter of describing anew.
      return false;
    }
  }

  #bound(type: NodeIdentifier<object>): object | undefined {
    if (this.#fromContainer.has(type)) return this.#fromContainer.get(type);
    const container = this.#container;
    const isBound = container !== undefined && isBoundIn(container, type);
    const made = isBound ? instanceFrom(container, type) : undefined;
    this.#fromContainer.set(type, made);
    return made;
  }
}
