import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bulkhead } from '../../../src/resilience/bulkhead.js';
import { Circuit } from '../../../src/resilience/circuit.js';
import type { CircuitCall } from '../../../src/resilience/circuit.js';
import type { CircuitNumbers } from '../../../src/resilience/circuit-breaker.js';
import { TimerClock } from '../support/timer-clock.js';
import { BulkheadModel, CircuitModel } from '../support/circuit-model.js';

type Step =
  | { readonly kind: 'enter'; readonly waits: boolean }
  | { readonly kind: 'end'; readonly at: number; readonly how: 'succeeded' | 'failed' | 'withdraw' }
  | { readonly kind: 'stop'; readonly at: number }
  | { readonly kind: 'pass'; readonly ms: number };

const at = fc.nat({ max: 50 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('enter' as const), waits: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        at,
        how: fc.constantFrom('failed' as const, 'failed' as const, 'succeeded' as const, 'withdraw' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), at }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 7, 50, 100, 250) }),
    },
  ),
  { maxLength: 120 },
);

const numbers: fc.Arbitrary<CircuitNumbers> = fc.oneof(
  fc.record({
    threshold: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.constantFrom(50, 100, 1000),
    openMs: fc.constantFrom(50, 100, 250),
  }),
  fc.record({
    ratio: fc.constantFrom(0.1, 0.5, 1),
    atLeast: fc.integer({ min: 1, max: 5 }),
    windowMs: fc.constantFrom(50, 100, 1000),
    openMs: fc.constantFrom(50, 100, 250),
  }),
);

test('a circuit does what a model does that remembers every call, and has a timer only while somebody waits', () => {
  fc.assert(
    fc.property(numbers, steps, (given, taken) => {
      const clock = new TimerClock(1000);
      const circuit = new Circuit(given, clock);
      const model = new CircuitModel(given, clock.now());
      const told: string[] = [];
      const calls = new Map<number, CircuitCall>();
      const stops = new Map<number, () => void>();
      for (const [id, step] of taken.entries()) {
        const caller = {
          circuitChanged: (from: string, to: string) => told.push(`${String(id)}: ${from} → ${to}`),
        };
        if (step.kind === 'enter') {
          const call = circuit.enter(caller);
          model.enter(id, step.waits);
          if (call !== undefined) calls.set(id, call);
          else if (step.waits)
            stops.set(
              id,
              circuit.wait(caller, (granted) => calls.set(id, granted)),
            );
        } else if (step.kind === 'end') {
          const known = [...calls.keys()];
          const ended = known[step.at % Math.max(1, known.length)];
          if (ended === undefined) continue;
          calls.get(ended)?.[step.how]();
          model.end(ended, step.how);
        } else if (step.kind === 'stop') {
          const known = [...stops.keys()];
          const stopped = known[step.at % Math.max(1, known.length)];
          if (stopped === undefined) continue;
          stops.get(stopped)?.();
          model.stop(stopped);
        } else {
          clock.advance(step.ms);
          model.pass(step.ms);
        }
        expect(circuit.state).toBe(model.state);
        expect([...calls.keys()].sort()).toEqual([...model.granted].sort());
        expect(circuit.waiting).toBe(model.waiting.length);
        expect(clock.pending).toBe(model.waiting.length > 0 ? 1 : 0);
      }
      expect(told).toEqual(model.told);
    }),
    { numRuns: 400 },
  );
});

test('a bulkhead never has more calls than places, and forgets nobody who waits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat({ max: 5 }), steps, (concurrent, queue, taken) => {
      const bulkhead = new Bulkhead({ concurrent, queue });
      const model = new BulkheadModel(concurrent, queue);
      const inside: number[] = [];
      const stops = new Map<number, () => void>();
      for (const [id, step] of taken.entries()) {
        if (step.kind === 'enter') {
          if (bulkhead.enter()) inside.push(id);
          else {
            const stop = bulkhead.wait(() => inside.push(id));
            if (stop !== undefined) stops.set(id, stop);
          }
          model.enter(id);
        } else if (step.kind === 'end') {
          const left = inside[step.at % Math.max(1, inside.length)];
          if (left === undefined) continue;
          inside.splice(inside.indexOf(left), 1);
          bulkhead.leave();
          model.leave(left);
        } else if (step.kind === 'stop') {
          const known = [...stops.keys()];
          const stopped = known[step.at % Math.max(1, known.length)];
          if (stopped === undefined) continue;
          stops.get(stopped)?.();
          model.stop(stopped);
        }
        expect(inside).toEqual(model.inside);
        expect(bulkhead.taken).toBe(inside.length);
        expect(bulkhead.waiting).toBe(model.waiting.length);
        expect(inside.length).toBeLessThanOrEqual(concurrent);
      }
    }),
    { numRuns: 300 },
  );
});
