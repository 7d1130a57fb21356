// Builds the pipelines of a program with the public builder.
import {
  errorPolicy,
  type InputHandle,
  type NoItem,
  type NodeOptions,
  type OutputHandle,
  type PipelineBuilder,
  type SinkHandle,
  type TransformHandle,
} from 'heirline';
import { definePipeline, type DefinitionClass } from '../../integration/support/harness.js';
import { sinkClass, sourceClass, streamClass, streamSinkClass, transformClass } from './fuzz-node-classes.js';
import { sinkOf, streamOf, streamSinkOf, transformOf, type Place } from './fuzz-nodes.js';
import {
  branchPrefix,
  stepId,
  type ChildStep,
  type Form,
  type Item,
  type Pipe,
  type Sink,
  type Step,
  type StreamStep,
  type WorkStep,
} from './fuzz-program.js';
import type { Recorder } from './fuzz-recorder.js';
import { sourceOf } from './fuzz-sources.js';

/** Draws the nodes of one pipeline into a builder. */
class Drawing<TIn, TOut> {
  constructor(
    private readonly builder: PipelineBuilder<TIn, TOut>,
    private readonly path: string,
    private readonly recorder: Recorder,
    /** Whether a composite around it has a limit of time. */
    private readonly isLimited: boolean,
  ) {}

  sources({ sources }: Pipe): OutputHandle<Item>[] {
    return sources.map((source, index) => {
      const place = this.#place(`source-${index}`);
      const open = sourceOf(place, source);
      return this.builder.addSource(source.kind === 'class' ? sourceClass(place, open) : open, place.id);
    });
  }

  steps(steps: readonly Step[], prefix: string, from: readonly OutputHandle<Item>[]): OutputHandle<Item>[] {
    let heads = [...from];
    for (const [index, step] of steps.entries()) {
      const id = stepId(prefix, index, step);
      if (step.kind === 'branches') {
        heads = step.branches.flatMap(({ steps: inner, sink }, number) => {
          const own = branchPrefix(id, number);
          const ends = this.steps(inner, own, heads);
          if (sink === undefined) return ends;
          this.connect(ends, this.sink(sink, `${own}sink`));
          return [];
        });
      } else {
        const node = this.#step(step, id);
        this.connect(heads, node);
        heads = [node];
      }
    }
    return heads;
  }

  sink(sink: Sink, id: string): SinkHandle<Item> {
    const place = this.#place(id);
    const { builder } = this;
    if (sink.kind === 'streamSink') {
      const type = streamSinkClass(place, streamSinkOf(place, sink.reads));
      return builder.addSink(sink.form === 'class' ? type : quietly(place, type), id);
    }
    const call = sinkOf(place, sink.work, this.isLimited || sink.limitMs > 0);
    const options = this.#options(sink, sink.form);
    if (sink.form === 'function') return builder.addSink(call, { ...options, name: id });
    const type = sinkClass(place, call, sink);
    return builder.addSink(sink.form === 'instance' ? quietly(place, type) : type, { ...options, name: id });
  }

  connect(from: readonly OutputHandle<Item>[], to: InputHandle<Item>): void {
    for (const head of from) this.builder.connect(head, to);
  }

  #step(step: WorkStep | StreamStep | ChildStep, id: string): TransformHandle<Item, Item> {
    switch (step.kind) {
      case 'work':
        return this.#transform(step, id);
      case 'stream':
        return this.#stream(step, id);
      case 'child':
        return this.#child(step, id);
    }
  }

  #transform(step: WorkStep, id: string): TransformHandle<Item, Item> {
    const place = this.#place(id);
    const { form, work, init, limitMs } = step;
    const call = transformOf(place, work, this.isLimited || limitMs > 0);
    const options = { ...this.#options(step, form), name: id };
    if (form === 'function') return this.builder.addTransform(call, options);
    const type = transformClass(place, call, init);
    return this.builder.addTransform(form === 'instance' ? quietly(place, type) : type, options);
  }

  #stream({ form, op }: StreamStep, id: string): TransformHandle<Item, Item> {
    const place = this.#place(id);
    const code = streamOf(place, op);
    if (form === 'function') return this.builder.addStreamTransform(code, id);
    const type = streamClass(place, code);
    if (form === 'instance') return this.builder.addStreamTransform(quietly(place, type), id);
    return this.builder.addStreamTransform(type, {
      name: id,
      ...(form === 'runClass' ? { lifetime: 'run' as const } : {}),
    });
  }

  #child(step: ChildStep, id: string): TransformHandle<Item, Item> {
    const path = `${this.path}/${id}`;
    const isLimited = this.isLimited || step.limitMs > 0;
    const definition = subPipelineOf(step.pipe, id, path, this.recorder, isLimited);
    if (step.granularity === 'stream') {
      return this.builder.addComposite(definition, { name: id, granularity: 'stream' });
    }
    const { output } = step;
    return this.builder.addComposite(definition, { ...this.#options(step, 'function'), name: id, output });
  }

  #options(step: Omit<WorkStep, 'kind' | 'work' | 'init' | 'form'>, form: Form): NodeOptions {
    const { policy, lanes, ordered, limitMs } = step;
    return {
      ...(lanes > 1 ? { concurrency: lanes, ordered } : {}),
      ...(limitMs > 0 ? { timeoutMs: limitMs } : {}),
      ...(form === 'runClass' ? { lifetime: 'run' } : {}),
      ...(policy === undefined
        ? {}
        : {
            errorPolicy:
              policy.tries === 1
                ? policy.then
                : errorPolicy({ then: { retry: { attempts: policy.tries, exhausted: policy.then } } }),
          }),
    };
  }

  #place(id: string): Place {
    return { path: `${this.path}/${id}`, id, recorder: this.recorder };
  }
}

/** An instance that is no construction of the run. */
function quietly<T>(place: Place, type: new () => T): T {
  const { constructed } = place.recorder;
  const before = constructed.get(place.path) ?? 0;
  const instance = new type();
  constructed.set(place.path, before);
  return instance;
}

/** The root of a run. */
export function rootPipelineOf(pipe: Pipe, recorder: Recorder): DefinitionClass<NoItem, NoItem> {
  return definePipeline('root', (builder) => {
    const drawing = new Drawing(builder, 'root', recorder, false);
    const heads = drawing.steps(pipe.steps, '', drawing.sources(pipe));
    drawing.connect(heads, drawing.sink(pipe.sink, 'sink'));
  });
}

/** A sub-pipeline: a composite, or a root that is run with items from outside. */
export function subPipelineOf(
  pipe: Pipe,
  name: string,
  path: string,
  recorder: Recorder,
  isLimited: boolean,
): DefinitionClass<Item, Item> {
  return definePipeline<Item, Item>(name, (builder) => {
    const drawing = new Drawing(builder, path, recorder, isLimited);
    const input = builder.addCompositeInput();
    const heads = drawing.steps(pipe.steps, '', [input, ...drawing.sources(pipe)]);
    drawing.connect(heads, builder.addCompositeOutput());
  });
}
