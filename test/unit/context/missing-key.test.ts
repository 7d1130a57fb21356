import { describe, expect, test } from 'vitest';
import { contextKey } from '../../../src/context/context-key.js';
import { missingKeyHint } from '../../../src/context/missing-key.js';
import { childOf, rootFrame } from '../support/frames.js';

const all = { inheritParentParameters: true };

describe('a missing key', () => {
  test('that a composite withholds is told with the option of that composite', () => {
    const root = rootFrame({ parameters: { region: 'eu' } });
    const withheld = (inheritParentParameters: object | boolean | 'required'): string | undefined =>
      missingKeyHint(childOf(root, { inheritParentParameters }), 'parameters', 'region');

    expect(withheld(false)).toContain(
      "Pass it with contextConfiguration: { inheritParentParameters: { pick: ['region'] } }",
    );
    expect(withheld({ omit: ['region'] })).toContain("Take 'region' out of 'omit'");
    expect(withheld({ pick: ['other'] })).toContain("Add 'region' to 'pick'");
    expect(withheld('required')).toContain(
      "Declare it in the child, with requires: { parameters: ['region'] }",
    );
    expect(withheld({ pick: ['regoin'] })).toContain(
      "The composite picks 'regoin', which 'root' does not have.",
    );
  });

  test('is named as the composite that withholds it knows it', () => {
    const middle = childOf(rootFrame({ parameters: { area: 'eu' } }));
    const child = childOf(middle, { inheritParentParameters: { rename: { region: 'area' } } });

    expect(missingKeyHint(child, 'parameters', 'region')).toContain("{ pick: ['area'] }");
  });

  test('may be in another dictionary, here or above', () => {
    const root = rootFrame({ items: { region: 'eu' } });

    expect(missingKeyHint(root, 'parameters', 'region')).toContain("This context has 'region' in its items");
    expect(missingKeyHint(childOf(root, all), 'parameters', 'region')).toContain(
      "'root' has 'region' in its items",
    );
  });

  test('may be mistyped, here or above', () => {
    const root = rootFrame({ parameters: { region: 'eu' } });

    expect(missingKeyHint(childOf(root, all), 'parameters', 'regoin')).toContain("This context has 'region'");
    expect(missingKeyHint(childOf(root), 'parameters', 'regoin')).toContain("'root' has 'region'");
  });

  test('is not told to be picked where that would not help', () => {
    const local = rootFrame({ parameters: [[contextKey('region', { local: true }), 'eu']] });
    const deleted = childOf(rootFrame({ parameters: { region: 'eu' } }), all);
    deleted.dictionary('parameters').delete('region');
    const late = rootFrame();
    const started = childOf(late, all);
    late.dictionary('parameters').set('region', 'eu');
    const hints = [childOf(local), deleted, started].map((frame) =>
      missingKeyHint(frame, 'parameters', 'region'),
    );

    expect(hints[0]).toContain("'root' has it under a local key");
    expect(hints[1]).toContain("It was deleted in 'root/child'");
    expect(hints[2]).toContain("'root' has set it since this context started");
    expect(hints.join()).not.toContain('pick');
  });

  test('that nobody has, and that is like no other, is told nothing of', () => {
    expect(
      missingKeyHint(childOf(rootFrame({ parameters: { a: 1 } }), all), 'parameters', 'b'),
    ).toBeUndefined();
  });

  test('that links to a composite is told to be absent at a root', () => {
    expect(missingKeyHint(rootFrame(), 'properties', 'ParentNodeId')).toContain(
      'a context at the root has none',
    );
  });
});
