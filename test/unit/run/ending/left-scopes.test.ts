import { describe, expect, test } from 'vitest';
import { LeftScopes } from '../../../../src/run/ending/left-scopes.js';

describe('closed scopes of which listeners are left', () => {
  test('are dropped once nobody listens to them any more: at most twice as many as are heard are kept', () => {
    const scopes = new LeftScopes<{ isHeard: boolean }>();
    let most = 0;
    const heard = Array.from({ length: 100 }, () => ({ isHeard: true }));
    for (const scope of heard) scopes.add(scope);
    for (let count = 0; count < 10_000; count += 1) {
      const scope = { isHeard: true };
      scopes.add(scope);
      scope.isHeard = false;
      most = Math.max(most, [...scopes].length);
    }

    expect(most).toBeLessThanOrEqual(256);
    expect([...scopes].filter(({ isHeard }) => isHeard)).toEqual(heard);
  });

  test('leave when they are told to', () => {
    const scopes = new LeftScopes<{ isHeard: boolean }>();
    const scope = { isHeard: true };
    scopes.add(scope);
    scopes.delete(scope);

    expect([...scopes]).toEqual([]);
  });
});
