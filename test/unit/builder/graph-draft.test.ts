import { describe, expect, test } from 'vitest';
import type { DraftNode } from '../../../src/builder/graph-draft.js';
import { GraphDraft } from '../../../src/builder/graph-draft.js';
import { resolveOptions } from '../../../src/builder/option-shapes.js';
import { rule } from '../../../src/errors/option-rules.js';
import { makeHandle } from '../../../src/graph/handles.js';
import type { NodeKind } from '../../../src/nodes/node-kind.js';
import { errorOf, misuse } from '../support/thrown.js';

function nodeOf(id: string, kind: NodeKind): DraftNode {
  return {
    id,
    kind,
    isStream: false,
    options: resolveOptions({}),
    shown: {},
    binding: { how: 'bridge' },
    composite: undefined,
    fallbacks: [],
    metadata: new Map(),
  };
}

/** A draft with a source, a transform and a sink, not connected. */
function drafted() {
  const draft = new GraphDraft('root');
  const [source, transform, sink] = [
    draft.add(nodeOf('read', 'source')),
    draft.add(nodeOf('double', 'transform')),
    draft.add(nodeOf('save', 'sink')),
  ];
  const problems = (): string[] => draft.problems.map(({ code, path }) => `${code} ${path}`);
  return { draft, source, transform, sink, problems };
}

describe('the id of a new node', () => {
  test('is the given name, kept as given', () => {
    const { draft, problems } = drafted();

    expect(draft.idFor('transform', ' my node ', 'Double')).toBe(' my node ');
    expect(problems()).toEqual([]);
  });

  test('is the class name, then numbered', () => {
    const draft = new GraphDraft('root');
    const ids = Array.from({ length: 3 }, () => {
      const id = draft.idFor('transform', undefined, 'Double');
      draft.add(nodeOf(id, 'transform'));
      return id;
    });

    expect(ids).toEqual(['Double', 'Double-2', 'Double-3']);
  });

  test('is kind and number without either, counted per kind', () => {
    const draft = new GraphDraft('root');
    const id = (kind: NodeKind): string => draft.idFor(kind, undefined, undefined);

    expect([id('transform'), id('sink'), id('transform'), id('source')]).toEqual([
      'transform-1',
      'sink-1',
      'transform-2',
      'source-1',
    ]);
  });

  test('passes over a number that a name has taken', () => {
    const draft = new GraphDraft('root');
    draft.add(nodeOf('transform-1', 'transform'));
    draft.add(nodeOf('Double', 'transform'));
    draft.add(nodeOf('Double-2', 'transform'));

    expect(draft.idFor('transform', undefined, undefined)).toBe('transform-2');
    expect(draft.idFor('transform', undefined, 'Double')).toBe('Double-3');
  });

  test('that cannot be one is reported, also one that is no text', () => {
    const { draft, problems } = drafted();
    draft.idFor('transform', 'a/b', undefined);
    draft.idFor('transform', misuse(Symbol('s')), undefined);

    expect(problems()[0]).toBe('NODE_NAME_INVALID root/a/b');
    expect(problems()[1]).toMatch(/^NODE_NAME_INVALID root\//);
  });
});

describe('connections', () => {
  test('are kept in order as frozen edges', () => {
    const { draft, source, transform, sink } = drafted();
    draft.connect(source, transform);
    draft.connect(transform, sink);

    expect(draft.edges).toEqual([
      { from: 'read', to: 'double' },
      { from: 'double', to: 'save' },
    ]);
    expect(Object.isFrozen(draft.edges[0])).toBe(true);
  });

  test('to itself, or made twice, are reported and left out', () => {
    const { draft, source, transform, problems } = drafted();
    draft.connect(transform, transform);
    draft.connect(source, transform);
    draft.connect(source, transform);

    expect(problems()).toEqual(['SELF_LOOP root/double', 'DUPLICATE_EDGE root/read']);
    expect(draft.edges).toHaveLength(1);
  });

  test('from a sink or into a source throw at once', () => {
    const { draft, source, transform, sink } = drafted();
    const fromSink = errorOf(() => {
      draft.connect(sink, transform);
    });
    const intoSource = errorOf(() => {
      draft.connect(transform, source);
    });

    expect([fromSink.code, fromSink.path]).toEqual(['CONNECTION_INVALID', 'root/save']);
    expect(fromSink.message).toContain("Nothing can be connected from the sink 'save'");
    expect([intoSource.code, intoSource.path]).toEqual(['CONNECTION_INVALID', 'root/read']);
  });

  test('of a handle that this builder did not make throw at once, also one of the same id', () => {
    const { draft, source, sink } = drafted();
    const foreign: readonly unknown[] = [
      drafted().source,
      makeHandle('read'),
      { id: 'read' },
      'read',
      undefined,
      null,
    ];
    for (const handle of foreign) {
      for (const connect of [
        () => draft.connect(misuse(handle), sink),
        () => draft.connect(source, misuse(handle)),
        () => draft.ownNode(misuse(handle)),
      ]) {
        expect(errorOf(connect).code).toBe('HANDLE_FOREIGN');
      }
    }
    expect(errorOf(() => draft.ownNode(makeHandle('other'))).message).toContain("The handle of 'other'");
  });

  test('of a node that could not be understood are left out', () => {
    const { draft, source, sink, problems } = drafted();
    const misfit = draft.addMisfit('wrong');
    draft.connect(source, misfit);
    draft.connect(misfit, sink);

    expect([draft.edges, problems()]).toEqual([[], []]);
  });
});

describe('a second node of a name', () => {
  test('is reported, and its handle can be connected as what it is', () => {
    const { draft, source, problems } = drafted();
    const second = draft.add(nodeOf('read', 'sink'));

    expect(problems()).toEqual(['DUPLICATE_NODE root/read']);
    expect(() => {
      draft.connect(source, second);
    }).not.toThrow();
    expect(draft.nodes.get('read')?.kind).toBe('source');
  });
});

describe('problems', () => {
  test('with options are collected with the place of the node', () => {
    const { draft } = drafted();
    draft.checkOptions('double', { concurrency: 0, orderd: true }, { concurrency: rule.positiveInteger });

    expect(draft.problems).toMatchObject([{ code: 'OPTION_INVALID', path: 'root/double' }]);
    expect(draft.problems[0]?.message).toMatch(
      /^root\/double: Wrong options of 'double': 'concurrency' must be .*; there is no option 'orderd'/,
    );
  });

  test('that a function throws are recorded, anything else is thrown on', () => {
    const { draft, problems } = drafted();
    const attempted = draft.attempt('root/child', () => {
      draft.seal();
      draft.assertOpen();
    });

    expect(attempted).toBeUndefined();
    expect(problems()).toEqual(['BUILDER_SEALED root/child']);
    expect(() =>
      draft.attempt('root/child', () => {
        throw new RangeError('a bug');
      }),
    ).toThrow(RangeError);
    expect(draft.attempt('root/child', () => 7)).toBe(7);
  });
});

test('a sealed draft refuses to be changed', () => {
  const { draft } = drafted();
  expect(() => {
    draft.assertOpen();
  }).not.toThrow();
  draft.seal();

  expect(
    errorOf(() => {
      draft.assertOpen();
    }).code,
  ).toBe('BUILDER_SEALED');
});
