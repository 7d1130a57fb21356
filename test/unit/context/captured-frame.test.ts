import { describe, expect, test } from 'vitest';
import { CapturedFrame } from '../../../src/context/captured-frame.js';
import { isLocalEntry } from '../../../src/context/context-dictionary.js';
import { contextKey } from '../../../src/context/context-key.js';
import { viewOf } from '../../../src/context/pipeline-context.js';
import { ParentNodeId, ParentPipelineId } from '../../../src/context/parent-linkage.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { isCollected } from '../../integration/support/garbage.js';
import { childOf, root, rootFrame } from '../support/frames.js';
import { errorOf } from '../support/thrown.js';

const Local = contextKey<string>('local', { local: true });

describe('a captured frame', () => {
  test('stands where the original stands, in the same run and execution', () => {
    const parent = rootFrame({ run: { runId: 'r', correlationId: 'c', threadId: 't' } });
    const child = childOf(parent);
    const copy = new CapturedFrame(child);

    expect(viewOf(copy).toJSON()).toEqual(viewOf(child).toJSON());
    expect(viewOf(copy).run.toJSON()).toEqual(viewOf(child).run.toJSON());
    expect(copy.pipelineId).toBe(child.pipelineId);
    expect(copy.parentLinkage).toEqual({
      nodeId: 'child',
      pipelineId: parent.pipelineId,
      pipelineName: 'root',
    });
    expect(copy.dictionary('properties').get(ParentNodeId)).toBe('child');
    expect(copy.dictionary('properties').get(ParentPipelineId)).toBe(parent.pipelineId);
  });

  test('has ids that the original first reads afterwards', () => {
    const original = rootFrame();
    const copy = new CapturedFrame(original);

    expect(original.identity.get('runId')).toBe(copy.identity.get('runId'));
    expect(original.identity.get('correlationId')).toBe(copy.identity.get('correlationId'));
  });

  test('has the same services', () => {
    const original = rootFrame({ logger: { ...silentLogger }, lineageSink: { record: () => undefined } });

    expect(new CapturedFrame(original).services).toBe(original.services);
  });

  test('has the entries of this moment, local ones included, and items by reference', () => {
    const service = { name: 'database' };
    const original = rootFrame({ parameters: { a: 1 }, items: { service }, properties: { p: [1] } });
    original.dictionary('parameters').set('written', 2).set(Local, 'mine').delete('a');
    const copy = new CapturedFrame(original);

    expect(copy.dictionary('parameters').toObject()).toEqual({ written: 2, local: 'mine' });
    expect(isLocalEntry(copy.dictionary('parameters'), 'local')).toBe(true);
    expect(copy.dictionary('items').get('service')).toBe(service);
    expect(copy.dictionary('properties').toObject()).toEqual({ p: [1] });
  });

  test('and the original do not see what the other one writes', () => {
    const original = rootFrame({ parameters: { a: 1 } });
    original.dictionary('parameters').set(Local, 'both');
    const copy = new CapturedFrame(original);
    original.dictionary('parameters').set('a', 'original').set('late', true).delete(Local);
    copy.dictionary('parameters').set('b', 'copy');

    expect(original.dictionary('parameters').toObject()).toEqual({ a: 'original', late: true });
    expect(copy.dictionary('parameters').toObject()).toEqual({ a: 1, b: 'copy', local: 'both' });
  });

  test('neither ends with the original nor ends it', () => {
    const original = rootFrame({ run: { timeoutMs: 60_000 } });
    const [copy, other] = [new CapturedFrame(original), new CapturedFrame(original)];
    viewOf(other).run.cancel();
    expect(original.scope.reason).toBeUndefined();

    original.scope.cancel({ kind: 'user' }, 'root');
    expect(new CapturedFrame(original).scope.reason).toBeUndefined();
    expect(copy.scope.reason).toBeUndefined();
    expect(viewOf(copy).run.deadline).toBeUndefined();
    original.scope.close();
  });

  test('refuses what should be disposed: it has no end', () => {
    const copy = viewOf(new CapturedFrame(rootFrame()));

    expect(errorOf(() => copy.onDispose(() => undefined))).toMatchObject({
      code: 'CONTEXT_DISPOSED',
      path: 'root',
      message: expect.stringContaining('captured') as string,
    });
  });

  test('can be captured again', () => {
    const child = childOf(rootFrame({ items: { a: 1 } }), { inheritParentItems: true });
    child.dictionary('items').set(Local, 'mine');
    const again = new CapturedFrame(new CapturedFrame(child));

    expect(viewOf(again).toJSON()).toEqual(viewOf(child).toJSON());
    expect(again.dictionary('items').toObject()).toEqual({ a: 1, local: 'mine' });
  });

  test('holds neither the original, nor what is above it, nor their scopes', async () => {
    const capture = () => {
      const { frame, context } = root({ items: { a: 1 } });
      frame.dictionary('items').set('b', 2);
      const child = childOf(frame, { inheritParentItems: true, inheritRunIdentity: false });
      child.dictionary('items').set(Local, 'mine');
      const copy = new CapturedFrame(child);
      return { copy, refs: [child, frame, context, frame.scope].map((held) => new WeakRef<object>(held)) };
    };
    const { copy, refs } = capture();

    expect(await isCollected(...refs)).toBe(true);
    expect(copy.dictionary('items').toObject()).toEqual({ a: 1, b: 2, local: 'mine' });
    expect(copy.parentLinkage?.nodeId).toBe('child');
    expect(copy.identity.get('rootRunId')).toBe(copy.identity.get('parentRunId'));
  });
});
