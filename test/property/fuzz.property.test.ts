import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { programs, type Choice } from './support/fuzz-arbitrary.js';
import { differences, isDetermined, surplus } from './support/fuzz-exact.js';
import { brokenLaws } from './support/fuzz-laws.js';
import { interpret } from './support/fuzz-model.js';
import { hasLimits, hasWaiting } from './support/fuzz-order.js';
import { printProgram } from './support/fuzz-print.js';
import type { Program, Thrown } from './support/fuzz-program.js';
import { runProgram } from './support/fuzz-run.js';

/** How many programs, and the seed that they are drawn from: `HEIRLINE_FUZZ_COUNT` and `HEIRLINE_FUZZ_SEED`. */
const count = numberFrom('HEIRLINE_FUZZ_COUNT') ?? 2_000;
const seed = numberFrom('HEIRLINE_FUZZ_SEED') ?? (Date.now() ^ (Math.random() * 0x100000000)) >>> 0;

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? undefined : Number(text);
}

/** What the nodes of a program throw: also a revoked proxy, an error whose getters throw, an object that nobody may ask. */
const thrown: readonly Thrown[] = ['text', 'nothing', 'revoked', 'getter', 'sealed'];

/** Everything that a run of a program has broken. */
async function faultsOf(program: Program): Promise<string[]> {
  const model = interpret(program);
  const observed = await runProgram(program, model.waits || (hasWaiting(program) && model.doubts.size > 0));
  const broken = brokenLaws(program, observed);
  if (observed.hung) return broken;
  const more = isDetermined(program, model)
    ? differences(program, model, observed)
    : surplus(program, observed);
  return [...broken, ...more];
}

/** The same, where a slow machine may have let a call reach its limit that should not have. */
async function lastingFaultsOf(program: Program): Promise<string[]> {
  let faults = await faultsOf(program);
  for (let again = 0; again < 2 && faults.length > 0 && hasLimits(program); again += 1)
    faults = await faultsOf(program);
  return faults;
}

/** Draws programs of one family, and tells of the smallest one that breaks a rule. */
async function holds(choice: Choice, share: number): Promise<void> {
  const numRuns = Math.max(1, Math.round(count * share));
  const outcome = await fc.check(
    fc.asyncProperty(programs(choice), async (program) => (await lastingFaultsOf(program)).length === 0),
    { numRuns, seed, interruptAfterTimeLimit: 20_000 + numRuns * 150 },
  );
  expect(outcome.interrupted && !outcome.failed ? 'out of time' : 'in time').toBe('in time');
  const [program] = outcome.counterexample ?? [];
  if (program === undefined) return;
  const faults = await lastingFaultsOf(program);
  throw new Error(
    [
      `HEIRLINE_FUZZ_SEED=${seed} (path ${outcome.counterexamplePath ?? ''}) draws a program that breaks rules:`,
      '',
      printProgram(program),
      '',
      ...faults.map((fault) => `- ${fault}`),
    ].join('\n'),
  );
}

const timeout = 30_000 + count * 300;

describe('any program', () => {
  const plain = { overlaps: false, ends: false, limits: false, thrown };

  test('of nodes one after the other does what the model says', { timeout }, async () => {
    await holds(plain, 0.35);
  });

  test('that is cancelled, left or kept waiting ends once, and well', { timeout }, async () => {
    await holds({ ...plain, ends: true }, 0.15);
  });

  test(
    'whose work overlaps does what the model says, in any order that is allowed',
    { timeout },
    async () => {
      await holds({ ...plain, overlaps: true }, 0.3);
    },
  );

  test('whose work overlaps ends once, and well, whenever it is cancelled', { timeout }, async () => {
    await holds({ ...plain, overlaps: true, ends: true }, 0.15);
  });

  test('whose calls reach their limits goes on without them', { timeout }, async () => {
    await holds({ ...plain, overlaps: true, limits: true }, 0.05);
  });
});
