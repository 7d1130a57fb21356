import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CancelScope } from '../../../src/run/ending/cancel-scope.js';
import { RunContext } from '../../../src/run/run-context.js';
import { RunIdentity } from '../../../src/run/run-identity.js';
import { runParts } from '../support/run-parts.js';

const identity = new RunIdentity({ runId: 'r1', threadId: 't1', correlationId: 'c1' });

describe('a run as one execution sees it', () => {
  test('has the signal of the nearest scope, but cancels the whole run, from its own place', () => {
    const run = new CancelScope('orders');
    const child = new CancelScope('orders/check', run);
    const context = new RunContext(runParts({ identity, scope: child }), 'orders/check/node');

    expect(context.signal).toBe(child.signal);
    context.cancel();

    expect(run.reason).toMatchObject({ kind: 'user', path: 'orders/check/node' });
  });

  test('gives the deadline as a date, where there is one', () => {
    const scope = new CancelScope('orders');
    const context = new RunContext(runParts({ identity, scope }), 'orders');
    expect(context.deadline).toBeUndefined();
    const at = Date.now() + 60_000;
    scope.limitTo(at);

    expect(context.deadline).toEqual(new Date(at));
    scope.close();
  });

  test('prints its ids and nothing else', () => {
    const context = new RunContext(runParts({ identity }), 'orders');

    expect(JSON.parse(JSON.stringify(context))).toEqual({
      runId: 'r1',
      rootRunId: 'r1',
      threadId: 't1',
      correlationId: 'c1',
    });
    expect(inspect(context)).toMatch(/^RunContext \{/);
    expect(inspect(context)).not.toContain('logger');
  });
});
