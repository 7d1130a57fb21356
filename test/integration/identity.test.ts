import { describe, expect, it } from 'vitest';
import {
  ParentNodeId,
  ParentPipelineId,
  ParentPipelineName,
  PipelineContext,
  PipelineRunner,
  buildPipeline,
  pipeline,
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

/** What a context says about who it is. */
interface Identity {
  runId: string;
  rootRunId: string;
  parentRunId: string | undefined;
  pipelineId: string;
  pipelineName: string;
  parent: { nodeId: string; pipelineId: string; pipelineName: string } | undefined;
}

function identityOf(context: PipelineContext): Identity {
  const { runId, rootRunId, parentRunId, pipelineId, pipelineName, parent } = context;
  return { runId, rootRunId, parentRunId, pipelineId, pipelineName, parent };
}

/** Root → child → inner; collects the identity of each execution, by level. */
function threeLevels(
  first: boolean,
  second: boolean,
): {
  Root: new () => PipelineDefinition;
  seen: { root: Identity[]; child: Identity[]; inner: Identity[] };
} {
  const seen: { root: Identity[]; child: Identity[]; inner: Identity[] } = {
    root: [],
    child: [],
    inner: [],
  };
  const Inner = subPipeline((item: number, context) => {
    seen.inner.push(identityOf(context));
    return item;
  });
  class Child implements PipelineDefinition<number, number> {
    define(builder: PipelineBuilder<number, number>): void {
      const input = builder.addCompositeInput();
      const look = builder.addTransform(
        (item: number, context) => {
          seen.child.push(identityOf(context));
          return item;
        },
        { name: 'look', from: input },
      );
      const inner = builder.addComposite(Inner, {
        name: 'inner',
        from: look,
        contextConfiguration: { inheritRunIdentity: second },
      });
      builder.connect(inner, builder.addCompositeOutput());
    }
  }
  const { Root } = throughChild(
    (context) => {
      seen.root.push(identityOf(context));
      return [1, 2];
    },
    Child,
    { contextConfiguration: { inheritRunIdentity: first } },
  );
  return { Root, seen };
}

describe('The run identity', () => {
  it('at the root is the run’s own: it is its own root run and has no parent run', async () => {
    const { Root, seen } = threeLevels(true, true);
    const result = await runPipeline(Root);

    const [root] = seen.root;
    expect(root?.runId).toBe(result.runId);
    expect(root?.rootRunId).toBe(result.runId);
    expect(root?.parentRunId).toBeUndefined();
  });

  it('is the same in a child that inherits it', async () => {
    const { Root, seen } = threeLevels(true, true);
    const result = await runPipeline(Root);

    for (const identity of [...seen.child, ...seen.inner]) {
      expect(identity.runId).toBe(result.runId);
      expect(identity.rootRunId).toBe(result.runId);
    }
  });

  it('is another in a child that does not, which knows its parent run and the root run', async () => {
    const { Root, seen } = threeLevels(false, true);
    const result = await runPipeline(Root);

    for (const identity of seen.child) {
      expect(identity.runId).not.toBe(result.runId);
      expect(identity.parentRunId).toBe(result.runId);
      expect(identity.rootRunId).toBe(result.runId);
    }
    expect(seen.inner.map(({ runId }) => runId)).toEqual(seen.child.map(({ runId }) => runId));
  });

  it('may change at every level: the root run stays, the parent run is the one above', async () => {
    const { Root, seen } = threeLevels(false, false);
    const result = await runPipeline(Root);

    const [child] = seen.child;
    const [inner] = seen.inner;
    expect(inner?.parentRunId).toBe(child?.runId);
    expect(inner?.rootRunId).toBe(result.runId);
    expect(new Set([result.runId, child?.runId, inner?.runId]).size).toBe(3);
  });

  it('may change at the lowest level only', async () => {
    const { Root, seen } = threeLevels(true, false);
    const result = await runPipeline(Root);

    expect(seen.child[0]?.runId).toBe(result.runId);
    expect(seen.inner[0]?.runId).not.toBe(result.runId);
    expect(seen.inner[0]?.parentRunId).toBe(result.runId);
    expect(seen.inner[0]?.rootRunId).toBe(result.runId);
  });

  it('answers the same through context.run', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      const { run } = context;
      seen.push([run.runId, run.rootRunId, run.parentRunId]);
      seen.push([context.runId, context.rootRunId, context.parentRunId]);
      return item;
    });
    const { Root } = throughChild([1], Child, {
      contextConfiguration: { inheritRunIdentity: false },
    });

    await runPipeline(Root);

    expect(seen[0]).toEqual(seen[1]);
  });
});

describe('The pipeline id', () => {
  it('is new for every execution, at every level, and never inherited', async () => {
    const { Root, seen } = threeLevels(true, true);
    const runner = new PipelineRunner();
    const results = [await runner.run(Root), await runner.run(Root)];

    const ids = [...seen.root, ...seen.child, ...seen.inner].map(({ pipelineId }) => pipelineId);
    expect(ids).toHaveLength(10);
    expect(new Set(ids).size).toBe(10);
    expect(results.map(({ pipelineId }) => pipelineId)).toEqual(
      seen.root.map(({ pipelineId }) => pipelineId),
    );
  });

  it('is one for all nodes of one execution', async () => {
    const ids: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const source = builder.addSource((context) => {
          ids.push(context.pipelineId);
          return [1, 2];
        });
        const sink = builder.addSink((_item: number, context) => ids.push(context.pipelineId));
        builder.connect(source, sink);
      }
    }

    const result = await runPipeline(Root);

    expect(ids).toEqual([result.pipelineId, result.pipelineId, result.pipelineId]);
  });
});

describe('The pipeline name', () => {
  it('is the name given to @pipeline, else the class name', async () => {
    @pipeline({ name: 'orders' })
    class Named implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        builder.connect(
          builder.addSource([1], 'source'),
          builder.addSink((_item: number) => undefined, 'sink'),
        );
      }
    }
    class Unnamed extends Named {}

    const named = await runPipeline(Named);
    const unnamed = await runPipeline(Unnamed);

    expect(named.pipelineName).toBe('orders');
    expect([...named.nodes.keys()]).toEqual(['orders/source', 'orders/sink']);
    expect(unnamed.pipelineName).toBe('Unnamed');
    expect([...unnamed.nodes.keys()]).toEqual(['Unnamed/source', 'Unnamed/sink']);
  });

  it('is the child’s own in the child, whatever its composite is called', async () => {
    const names: string[] = [];
    class Validation implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const check = builder.addTransform(
          (item: number, context) => {
            names.push(context.pipelineName);
            return item;
          },
          { name: 'check', from: input },
        );
        builder.connect(check, builder.addCompositeOutput());
      }
    }
    const { Root } = throughChild([1], Validation);

    const result = await runPipeline(Root);

    expect(names).toEqual(['Validation']);
    expect(result.nodes.get('Root/child/check')).toMatchObject({
      nodeId: 'check',
      pipelineName: 'Validation',
    });
  });
});

describe('A child’s parent', () => {
  it('is known as node id, pipeline id and pipeline name of the composite above', async () => {
    const { Root, seen } = threeLevels(true, false);
    await runPipeline(Root);

    const [root] = seen.root;
    for (const child of seen.child) {
      expect(child.parent).toEqual({
        nodeId: 'child',
        pipelineId: root?.pipelineId,
        pipelineName: 'Root',
      });
    }
    seen.inner.forEach((inner, index) => {
      expect(inner.parent).toEqual({
        nodeId: 'inner',
        pipelineId: seen.child[index]?.pipelineId,
        pipelineName: 'Child',
      });
    });
  });

  it('is undefined at the root', async () => {
    const { Root, seen } = threeLevels(true, true);
    const result = await runPipeline(Root);

    expect(seen.root[0]?.parent).toBeUndefined();
    expect(result.context.parent).toBeUndefined();
    expect(new PipelineContext().parent).toBeUndefined();
  });
});

describe('The linkage keys', () => {
  it('answer get, require and has in a child with the same three values', async () => {
    const seen: unknown[] = [];
    const Child = subPipeline((item: number, context) => {
      const { properties, parent } = context;
      expect(properties.has(ParentNodeId)).toBe(true);
      expect(properties.has(ParentPipelineId)).toBe(true);
      expect(properties.has(ParentPipelineName)).toBe(true);
      expect(properties.get(ParentNodeId)).toBe('child');
      expect(properties.get(ParentPipelineId)).toBe(parent?.pipelineId);
      expect(properties.get(ParentPipelineName)).toBe('Root');
      seen.push(
        properties.require(ParentNodeId),
        properties.require(ParentPipelineId),
        properties.require(ParentPipelineName),
      );
      return item;
    });
    const { Root } = throughChild([1], Child);

    const result = await runPipeline(Root);

    expect(seen).toEqual(['child', result.pipelineId, 'Root']);
  });

  it('are absent at the root', async () => {
    const { Root } = throughChild(
      [1],
      subPipeline((item: number) => item),
    );
    const { properties } = (await runPipeline(Root)).context;

    for (const key of [ParentNodeId, ParentPipelineId, ParentPipelineName]) {
      expect(properties.has(key)).toBe(false);
      expect(properties.get(key)).toBeUndefined();
      expect(thrownBy(() => properties.require(key)).code).toBe('CONTEXT_KEY_MISSING');
    }
  });

  it('are never enumerated, counted or inherited', async () => {
    const seen: unknown[] = [];
    const Inner = subPipeline((item: number, context) => {
      const { properties } = context;
      seen.push(
        properties.size,
        [...properties.keys()],
        [...properties.values()],
        [...properties.entries()],
        [...properties],
        properties.toObject(),
        properties.get(ParentNodeId),
      );
      return item;
    });
    const { Root } = throughChild(
      [1],
      wrapping(Inner, { contextConfiguration: { inheritParentProperties: true } }),
      { contextConfiguration: { inheritParentProperties: true } },
    );

    await runPipeline(Root, { properties: { note: 'n' } });

    expect(seen).toEqual([1, ['note'], ['n'], [['note', 'n']], [['note', 'n']], { note: 'n' }, 'inner']);
  });

  it('are not inherited by naming them either', async () => {
    const seen: unknown[] = [];
    const Inner = subPipeline((item: number, context) => {
      seen.push(context.properties.get(ParentNodeId), context.properties.toObject());
      return item;
    });
    const { Root } = throughChild(
      [1],
      wrapping(Inner, {
        contextConfiguration: {
          inheritParentProperties: { pick: [ParentNodeId], rename: { above: ParentNodeId } },
        },
      }),
    );

    await runPipeline(Root);

    expect(seen).toEqual(['inner', {}]);
  });

  it('cannot be set, neither in a child nor on a new context', async () => {
    const codes: string[] = [];
    const Child = subPipeline((item: number, context) => {
      for (const key of [ParentNodeId, ParentPipelineId, ParentPipelineName]) {
        codes.push(thrownBy(() => context.properties.set(key, 'forged')).code);
      }
      expect(context.properties.get(ParentNodeId)).toBe('child');
      return item;
    });
    const { Root } = throughChild([1], Child);

    await runPipeline(Root);

    expect(codes).toHaveLength(3);
    thrownBy(() => new PipelineContext().properties.set(ParentNodeId, 'forged'));
  });

  it('cannot be set by the composite either', async () => {
    const name = 'ParentNodeId';
    expect(ParentNodeId.name).toBe(name);
    const names: string[] = [];
    const Child = subPipeline((item: number, context) => {
      names.push(...context.properties.keys());
      return item;
    });
    const byValue = throughChild([1], Child, { with: { properties: { [name]: 'forged' } } });
    const byCallback = throughChild([1], Child, {
      with: () => ({ properties: { [name]: 'forged' } }),
    });
    const byRename = throughChild([1], Child, {
      contextConfiguration: { inheritParentProperties: { rename: { [name]: 'note' } } },
    });

    expect(problemsOf(thrownBy(() => buildPipeline(byValue.Root)))[0]).toMatchObject({
      code: 'CONTEXT_KEY_INVALID',
      path: 'Root/child',
    });
    expect((await rejectionOf(runPipeline(byCallback.Root))).code).toBe('CONTEXT_KEY_INVALID');
    await runPipeline(byRename.Root, { properties: { note: 'forged' } }).catch(() => undefined);
    expect(names).toEqual([]);
  });
});
