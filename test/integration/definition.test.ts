import { describe, expect, it } from 'vitest';
import {
  CompositeNaming,
  PipelineRunner,
  buildPipeline,
  runPipeline,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import {
  problemsOf,
  rejectionOf,
  subPipeline,
  throughChild,
  thrownBy,
  wrapping,
} from './support/pipelines.js';

/** A chain of `depth` nested sub-pipelines, each a distinct instance of this class. */
class Level implements PipelineDefinition<number, number> {
  readonly #depth: number;
  constructor(depth: number) {
    this.#depth = depth;
  }
  define(builder: PipelineBuilder<number, number>): void {
    const input = builder.addCompositeInput();
    const output = builder.addCompositeOutput();
    if (this.#depth === 1) {
      builder.connect(input, output);
      return;
    }
    const below = builder.addComposite(new Level(this.#depth - 1), { name: 'below', from: input });
    builder.connect(below, output);
  }
}

describe('The bridges of a sub-pipeline', () => {
  class WithoutInput implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      builder.connect(builder.addSource([1]), builder.addCompositeOutput());
    }
  }
  class WithoutOutput implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      builder.connect(
        builder.addCompositeInput(),
        builder.addSink(() => undefined),
      );
    }
  }
  class TwoInputs implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      const output = builder.addCompositeOutput();
      builder.connect(builder.addCompositeInput('first'), output);
      builder.connect(builder.addCompositeInput('second'), output);
    }
  }
  class TwoOutputs implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      const input = builder.addCompositeInput();
      builder.connect(input, builder.addCompositeOutput('first'));
      builder.connect(input, builder.addCompositeOutput('second'));
    }
  }

  it.each([
    ['no input', WithoutInput, 'COMPOSITE_INPUT_MISSING'],
    ['no output', WithoutOutput, 'COMPOSITE_OUTPUT_MISSING'],
    ['two inputs', TwoInputs, 'COMPOSITE_INPUT_DUPLICATE'],
    ['two outputs', TwoOutputs, 'COMPOSITE_OUTPUT_DUPLICATE'],
  ])('are one input and one output: %s is an error of the build', async (_title, Child, code) => {
    const { Root, received } = throughChild([1], Child);

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));
    expect(problems.map((problem) => problem.code)).toContain(code);
    const problem = problems.find((candidate) => candidate.code === code);
    expect(problem?.path).toMatch(/^Root\/child/);

    const error = await rejectionOf(runPipeline(Root));
    expect(problemsOf(error).map((each) => each.code)).toContain(code);
    expect(received).toEqual([]);
  });

  it('are reported together with every other problem of the tree', () => {
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource([1]);
        const a = builder.addComposite(WithoutInput, { name: 'a', from: source });
        const b = builder.addComposite(wrapping(TwoOutputs), { name: 'b', from: a });
        builder.connect(
          b,
          builder.addSink(() => undefined),
        );
      }
    }

    const error = thrownBy(() => buildPipeline(Root));

    expect(error.code).toBe('PIPELINE_VALIDATION_FAILED');
    const codes = problemsOf(error).map((problem) => problem.code);
    expect(codes).toEqual(expect.arrayContaining(['COMPOSITE_INPUT_MISSING', 'COMPOSITE_OUTPUT_DUPLICATE']));
  });
});

describe('A definition that contains itself', () => {
  it('is refused where it is given as a class', () => {
    class Recursive implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const again = builder.addComposite(Recursive, {
          name: 'again',
          from: builder.addCompositeInput(),
        });
        builder.connect(again, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Recursive);

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
    expect(problems[0]?.message).toContain('Recursive → Recursive');
  });

  it('is refused where it comes back through another, and the circle is spelled out', () => {
    class A implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const b = builder.addComposite(B, { name: 'b', from: builder.addCompositeInput() });
        builder.connect(b, builder.addCompositeOutput());
      }
    }
    class B implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const a = builder.addComposite(A, { name: 'a', from: builder.addCompositeInput() });
        builder.connect(a, builder.addCompositeOutput());
      }
    }

    const { Root } = throughChild([1], A);

    for (const build of [() => buildPipeline(A), () => buildPipeline(Root)]) {
      const problems = problemsOf(thrownBy(build));
      expect(problems.map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
      expect(problems[0]?.message).toContain('A → B → A');
    }
  });

  it('is refused where it is the same instance', () => {
    class Itself implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const again = builder.addComposite(this, {
          name: 'again',
          from: builder.addCompositeInput(),
        });
        builder.connect(again, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], new Itself());

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
    expect(problems[0]?.message).toContain('Itself → Itself');
  });

  it('is refused also where an instance of another class lies in between', () => {
    class Outer implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const inner = builder.addComposite(new Inner(), {
          name: 'inner',
          from: builder.addCompositeInput(),
        });
        builder.connect(inner, builder.addCompositeOutput());
      }
    }
    class Inner implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const outer = builder.addComposite(Outer, {
          name: 'outer',
          from: builder.addCompositeInput(),
        });
        builder.connect(outer, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Outer);

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
    expect(problems[0]?.message).toContain('Outer → Inner → Outer');
  });

  it('is refused when it is run, before any item flows', async () => {
    let pulled = 0;
    class Recursive implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const again = builder.addComposite(Recursive, {
          name: 'again',
          from: builder.addCompositeInput(),
        });
        builder.connect(again, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild(function* () {
      pulled += 1;
      yield 1;
    }, Recursive);

    const error = await rejectionOf(runPipeline(Root));

    expect(problemsOf(error).map((problem) => problem.code)).toEqual(['PIPELINE_CYCLE']);
    expect(pulled).toBe(0);
  });

  it('is none where the same class or instance merely stands twice side by side', async () => {
    const Child = subPipeline((item: number) => item + 1);
    const shared = new Child();
    const received: number[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const one = builder.addComposite(Child, { name: 'one', from: builder.addSource([1]) });
        const two = builder.addComposite(Child, { name: 'two', from: one });
        const three = builder.addComposite(shared, { name: 'three', from: two });
        const four = builder.addComposite(shared, { name: 'four', from: three });
        builder.connect(
          four,
          builder.addSink((item: number) => received.push(item)),
        );
      }
    }

    await runPipeline(Root);

    expect(received).toEqual([5]);
  });

  it('is none for distinct instances of one class', async () => {
    const { Root, received } = throughChild([7], new Level(3));

    await runPipeline(Root);

    expect(received).toEqual([7]);
    expect(
      buildPipeline(Root).childGraphs.get('child')?.childGraphs.get('below')?.childGraphs.get('below'),
    ).toBeDefined();
  });
});

describe('The depth of nesting', () => {
  it('may be 32 levels below the root, which is level 0', async () => {
    const { Root, received } = throughChild([7], new Level(32));
    expect(() => buildPipeline(Root)).not.toThrow();

    await runPipeline(Root);

    expect(received).toEqual([7]);
  });

  it('may not be 33 levels', async () => {
    const { Root } = throughChild([7], new Level(33));

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));
    expect(problems.map((problem) => problem.code)).toEqual(['COMPOSITE_TOO_DEEP']);
    const error = await rejectionOf(runPipeline(Root));
    expect(problemsOf(error).map((problem) => problem.code)).toEqual(['COMPOSITE_TOO_DEEP']);
  });

  it('bounds a class that puts a new instance of itself into itself for ever', () => {
    class Endless implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const next = builder.addComposite(new Endless(), {
          name: 'next',
          from: builder.addCompositeInput(),
        });
        builder.connect(next, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], new Endless());

    const problems = problemsOf(thrownBy(() => buildPipeline(Root)));

    expect(problems.map((problem) => problem.code)).toEqual(['COMPOSITE_TOO_DEEP']);
  });

  it('can be bounded otherwise by the runner’s maxDepth', async () => {
    const runner = new PipelineRunner({ maxDepth: 3 });
    const allowed = throughChild([7], new Level(3));
    const refused = throughChild([7], new Level(4));

    await runner.run(allowed.Root);
    const error = await rejectionOf(runner.run(refused.Root));

    expect(allowed.received).toEqual([7]);
    expect(problemsOf(error).map((problem) => problem.code)).toEqual(['COMPOSITE_TOO_DEEP']);
  });
});

describe('The ids in a tree', () => {
  it('are addressed by path: the root’s name, the composites, the node', async () => {
    const { Root } = throughChild([1], wrapping(subPipeline((item: number) => item)));

    const result = await runPipeline(Root);

    expect([...result.nodes.keys()].sort()).toEqual([
      'Root/child',
      'Root/child/inner',
      'Root/child/inner/input',
      'Root/child/inner/output',
      'Root/child/inner/work',
      'Root/child/input',
      'Root/child/output',
      'Root/sink',
      'Root/source',
    ]);
  });

  it('lead to the child graphs, at every level', () => {
    const { Root } = throughChild([1], wrapping(subPipeline((item: number) => item)));

    const graph = buildPipeline(Root);

    expect(graph.name).toBe('Root');
    expect([...graph.childGraphs.keys()]).toEqual(['child']);
    const child = graph.childGraphs.get('child');
    expect(child?.nodes.map((node) => node.id).sort()).toEqual(['inner', 'input', 'output']);
    const inner = child?.childGraphs.get('inner');
    expect(inner?.nodes.map((node) => node.id).sort()).toEqual(['input', 'output', 'work']);
    expect(inner?.childGraphs.size).toBe(0);
  });

  it('can be written as parent::child for tools, and taken apart again', () => {
    const id = CompositeNaming.prefix('validate', 'check-email');

    expect(id).toBe('validate::check-email');
    expect(CompositeNaming.isNamespaced(id)).toBe(true);
    expect(CompositeNaming.parentOf(id)).toBe('validate');
    expect(CompositeNaming.childOf(id)).toBe('check-email');
  });

  it('that are plain have no parent and are their own child', () => {
    expect(CompositeNaming.isNamespaced('check-email')).toBe(false);
    expect(CompositeNaming.parentOf('check-email')).toBeUndefined();
    expect(CompositeNaming.childOf('check-email')).toBe('check-email');
  });
});
