import { describe, expect, test } from 'vitest';
import { BackgroundQueue, createSession, runPipeline, type PipelineContext, type Session } from 'heirline';
import { errorOf, gate, rejectionOf } from './support/harness.js';
import { childAround, childNode, rootAround, rootNode } from './support/small-graphs.js';
import { increment, withSession } from './support/conversations.js';

describe('a composite’s child', () => {
  /** What is seen of the key `a`: in the child after its write, in the parent after the child, and at the end. */
  async function seen(options: { session?: 'shared' | 'snapshot' | 'none' }): Promise<unknown[]> {
    const session = createSession({ a: 0 });
    const values: unknown[] = [];
    await runPipeline(
      rootAround(
        childNode(({ run }) => {
          values.push(run.session.get('a'));
          try {
            values.push(increment(run.session, 'a').get('a'));
          } catch (error) {
            values.push((error as { code: string }).code);
          }
        }),
        options,
        [1, 2],
        ({ run }) => values.push(run.session.get('a')),
      ),
      withSession(session),
    );
    return [...values, session.get('a')];
  }

  test('shares the session unless told otherwise', async () => {
    expect(await seen({})).toEqual([0, 1, 1, 1, 2, 2, 2]);
    expect(await seen({ session: 'shared' })).toEqual([0, 1, 1, 1, 2, 2, 2]);
  });

  test('may have a copy of its own, for each item, whose changes stay in it', async () => {
    expect(await seen({ session: 'snapshot' })).toEqual([0, 1, 0, 0, 1, 0, 0]);
  });

  test('may have none: nothing is there, and writing is refused', async () => {
    const none = [undefined, 'SESSION_CLOSED', 0];
    expect(await seen({ session: 'none' })).toEqual([...none, ...none, 0]);
  });

  test('never gets back what a composite around it withholds', async () => {
    const session = createSession({ a: 0 });
    const values: unknown[] = [];
    const write = childNode(({ run }) => {
      values.push(run.session.get('a'), errorOf(() => run.session.set('a', 1)).code);
    });
    await runPipeline(
      rootAround(childAround(write, { session: 'shared' }), { session: 'none' }),
      withSession(session),
    );
    const copied = childNode(({ run }) => increment(run.session, 'a'));
    await runPipeline(
      rootAround(childAround(copied, { session: 'shared' }), { session: 'snapshot' }),
      withSession(session),
    );

    expect(values).toEqual([undefined, 'SESSION_CLOSED']);
    expect(session.get('a')).toBe(0);
  });
});

describe('after the end of its run a session', () => {
  test('refuses writes with SESSION_CLOSED: of the node, of its children, and of queue items', async () => {
    const session = createSession({ a: 0 });
    const codes: string[] = [];
    const views: Session[] = [];
    const ended = gate();
    const queue = new BackgroundQueue<string>({
      worker: async (_item, context) => {
        await ended.opened;
        codes.push(errorOf(() => context?.run.session.set('a', 9)).code);
      },
    });
    const keep = async ({ run }: PipelineContext): Promise<void> => {
      views.push(run.session);
      await queue.enqueue('a');
    };
    await runPipeline(rootAround(childNode(keep), { session: 'snapshot' }, [1], keep), withSession(session));
    await rejectionOf(
      runPipeline(
        rootNode(async (context) => {
          await keep(context);
          throw new RangeError('no');
        }),
        withSession(session),
      ),
    );
    ended.open();
    await queue.close();
    for (const view of views)
      for (const write of [() => view.set('a', 9), () => increment(view, 'a'), () => view.delete('a')])
        codes.push(errorOf(write).code);

    expect(codes).toEqual(Array(12).fill('SESSION_CLOSED'));
    expect(session.get('a')).toBe(0);
  });
});
