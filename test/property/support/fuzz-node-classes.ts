// Nodes that are classes: each counts how often it is made, initialised, flushed and disposed.
import {
  SinkNode,
  SourceNode,
  StreamSinkNode,
  StreamTransformNode,
  TransformNode,
  type PipelineContext,
  type Skip,
} from 'heirline';
import type { Place, sinkOf, streamOf, streamSinkOf, transformOf } from './fuzz-nodes.js';
import type { Hook, Item } from './fuzz-program.js';
import { count } from './fuzz-recorder.js';
import type { sourceOf } from './fuzz-sources.js';

/** What a node that is a class has beside its work. */
interface Hooks {
  readonly init: Hook;
  readonly flush: Hook;
}

/** A class of a transform, counted by its path. */
export function transformClass(place: Place, call: ReturnType<typeof transformOf>, init: Hook) {
  return class extends TransformNode<Item, Item> {
    constructor() {
      super();
      made(place);
    }
    override init(): unknown {
      return initialise(place, init);
    }
    override dispose(): void {
      dispose(place);
    }
    override transform(item: Item, context: PipelineContext): Item | Skip | Promise<Item | Skip> {
      return call(item, context);
    }
  };
}

/** A class of a sink, counted by its path. */
export function sinkClass(place: Place, call: ReturnType<typeof sinkOf>, { init, flush }: Hooks) {
  return class extends SinkNode<Item> {
    constructor() {
      super();
      made(place);
    }
    override init(): unknown {
      return initialise(place, init);
    }
    override dispose(): void {
      dispose(place);
    }
    override write(item: Item, context: PipelineContext): unknown {
      return call(item, context);
    }
    override async flush(): Promise<void> {
      if (flush === 'none') return;
      place.recorder.happens(`a flush of ${place.path}`);
      count(place.recorder.flushed, place.path);
      if (flush === 'fails') throw new Error(`${place.path} cannot be flushed`);
    }
  };
}

/** A class of a stream transform, counted by its path. */
export function streamClass(place: Place, code: ReturnType<typeof streamOf>) {
  return class extends StreamTransformNode<Item, Item> {
    constructor() {
      super();
      made(place);
    }
    override dispose(): void {
      dispose(place);
    }
    override transform(items: AsyncIterable<Item>): AsyncIterable<Item> {
      return code(items);
    }
  };
}

/** A class of a sink that reads the stream, counted by its path. */
export function streamSinkClass(place: Place, code: ReturnType<typeof streamSinkOf>) {
  return class extends StreamSinkNode<Item> {
    constructor() {
      super();
      made(place);
    }
    override dispose(): void {
      dispose(place);
    }
    override consume(items: AsyncIterable<Item>): Promise<void> {
      return code(items);
    }
  };
}

/** A class of a source, counted by its path. */
export function sourceClass(place: Place, open: ReturnType<typeof sourceOf>) {
  return class extends SourceNode<Item> {
    constructor() {
      super();
      made(place);
    }
    override dispose(): void {
      dispose(place);
    }
    override open(context: PipelineContext): ReturnType<typeof open> {
      return open(context);
    }
  };
}

function made({ path, recorder }: Place): void {
  recorder.happens(`a construction of ${path}`);
  count(recorder.constructed, path);
}

async function initialise({ path, recorder }: Place, init: Hook): Promise<void> {
  recorder.happens(`an init of ${path}`);
  count(recorder.initialised, path);
  if (init === 'fails') throw new Error(`${path} cannot be initialised`);
}

function dispose({ path, recorder }: Place): void {
  recorder.happens(`a dispose of ${path}`);
  count(recorder.disposed, path);
}
