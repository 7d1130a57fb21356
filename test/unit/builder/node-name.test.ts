import { expect, test } from 'vitest';
import { nameProblem } from '../../../src/builder/node-name.js';

test('a name is kept as given, whatever it is made of', () => {
  for (const name of ['check', 'Check e-mail', 'größe', 'a:b', 'a.b', '1', '__proto__', 'constructor']) {
    expect(nameProblem(name)).toBeUndefined();
  }
});

test('a name is a text that is not empty, without what separates the parts of a path', () => {
  for (const name of ['', ' ', '\n']) expect(nameProblem(name)).toBe('A name must not be empty.');
  for (const name of ['a/b', '/', 'a::b', '::']) expect(nameProblem(name)).toContain("contains '/' or '::'");
  expect(nameProblem(7)).toBe('A name must be a text, not number.');
  expect(nameProblem(null)).toBe('A name must be a text, not null.');
  expect(nameProblem(Symbol('s'))).toBe('A name must be a text, not symbol.');
});
