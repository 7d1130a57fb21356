import { describe, expect, test } from 'vitest';
import { Circuit } from '../../../src/resilience/circuit.js';
import type { CircuitCall, CircuitCaller } from '../../../src/resilience/circuit.js';
import type { CircuitNumbers } from '../../../src/resilience/circuit-breaker.js';
import { TimerClock } from '../support/timer-clock.js';

const THREE: CircuitNumbers = { threshold: 3, windowMs: 1000, openMs: 500 };

function circuitOf(numbers: CircuitNumbers = THREE) {
  const clock = new TimerClock(5000);
  const circuit = new Circuit(numbers, clock);
  const changes: string[] = [];
  const caller = (name: string): CircuitCaller => ({
    circuitChanged: (from, to) => changes.push(`${name}: ${from} → ${to}`),
  });
  const enter = (name = 'call'): CircuitCall => {
    const call = circuit.enter(caller(name));
    if (call === undefined) throw new Error('the circuit has refused the call');
    return call;
  };
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) enter().failed();
  };
  const granted: string[] = [];
  const calls: CircuitCall[] = [];
  const wait = (name: string): (() => void) =>
    circuit.wait(caller(name), (call) => {
      granted.push(name);
      calls.push(call);
    });
  return { clock, circuit, changes, caller, enter, fail, wait, granted, calls };
}

describe('a circuit that counts failures', () => {
  test('opens with the call that reaches the threshold, and refuses from then on', () => {
    const { circuit, changes, caller, enter, fail } = circuitOf();
    fail(2);
    enter().succeeded();
    expect(circuit.state).toBe('closed');
    enter('third').failed();

    expect(circuit.state).toBe('open');
    expect(circuit.leftMs).toBe(500);
    expect(circuit.enter(caller('late'))).toBeUndefined();
    expect(changes).toEqual(['third: closed → open']);
  });

  test('forgets a failure when the window has passed it', () => {
    const { circuit, clock, fail } = circuitOf();
    fail(2);
    clock.advance(1000);
    fail(2);
    expect(circuit.state).toBe('closed');
    clock.advance(999);
    fail(1);

    expect(circuit.state).toBe('open');
  });

  test('does not count a call that was withdrawn, and counts the end of a call once', () => {
    const { circuit, enter } = circuitOf();
    for (let time = 0; time < 5; time += 1) enter().withdraw();
    const call = enter();
    for (let time = 0; time < 5; time += 1) call.failed();

    expect(circuit.state).toBe('closed');
  });

  test('does not count calls that were let through before it changed', () => {
    const { circuit, clock, enter, fail } = circuitOf();
    const [slow, slower] = [enter('slow'), enter('slower')];
    fail(3);
    clock.advance(500);
    const probe = enter('probe');
    slow.succeeded();
    expect(circuit.state).toBe('halfOpen');
    slower.failed();
    expect(circuit.state).toBe('halfOpen');
    probe.succeeded();

    expect(circuit.state).toBe('closed');
  });

  test('forgets all failures when it closes', () => {
    const { circuit, clock, enter, fail } = circuitOf();
    fail(3);
    clock.advance(500);
    enter().succeeded();
    fail(2);

    expect(circuit.state).toBe('closed');
  });
});

describe('a circuit that counts a ratio', () => {
  const HALF: CircuitNumbers = { ratio: 0.5, atLeast: 4, windowMs: 1000, openMs: 500 };

  test('stays closed with fewer calls than it must have seen', () => {
    const { circuit, enter, fail } = circuitOf(HALF);
    fail(3);
    expect(circuit.state).toBe('closed');
    enter('fourth').succeeded();

    expect(circuit.state).toBe('open');
  });

  test('forgets calls by the tenth of the window', () => {
    const { circuit, clock, enter, fail } = circuitOf(HALF);
    fail(3);
    clock.advance(1000);
    fail(1);
    for (let time = 0; time < 2; time += 1) enter().succeeded();
    enter().succeeded();

    expect(circuit.state).toBe('closed');
  });

  test('reaches a ratio that no binary fraction is', () => {
    const { circuit, enter, fail } = circuitOf({ ratio: 0.1, atLeast: 30, windowMs: 1000, openMs: 500 });
    for (let time = 0; time < 27; time += 1) enter().succeeded();
    fail(3);

    expect(circuit.state).toBe('open');
  });
});

describe('a circuit that is open', () => {
  test('is half open with the first call after its time, and lets that one through only', () => {
    const { circuit, clock, caller, changes, enter, fail } = circuitOf();
    fail(3);
    clock.advance(600);
    expect(circuit.state).toBe('open');
    enter('probe');

    expect(circuit.state).toBe('halfOpen');
    expect(circuit.leftMs).toBe(0);
    expect(circuit.enter(caller('beside'))).toBeUndefined();
    expect(changes.at(-1)).toBe('probe: open → halfOpen');
  });

  test('opens again for as long when that call fails', () => {
    const { circuit, clock, caller, changes, enter, fail } = circuitOf();
    fail(3);
    clock.advance(500);
    enter('probe').failed();

    expect(changes.at(-1)).toBe('probe: halfOpen → open');
    clock.advance(499);
    expect(circuit.enter(caller('early'))).toBeUndefined();
    clock.advance(1);
    expect(circuit.enter(caller('late'))).toBeDefined();
  });

  test('lets the next one through when that call is withdrawn', () => {
    const { circuit, clock, enter, fail } = circuitOf();
    fail(3);
    clock.advance(500);
    enter('first').withdraw();
    enter('second').succeeded();

    expect(circuit.state).toBe('closed');
  });

  test('lets the next one through when that call takes too long, and still counts its result', () => {
    const { circuit, clock, enter, fail } = circuitOf();
    fail(3);
    clock.advance(500);
    const slow = enter('slow');
    clock.advance(500);
    const next = enter('next');
    expect(slow.isStanding).toBe(false);
    slow.succeeded();
    expect(circuit.state).toBe('closed');
    next.failed();

    expect(circuit.state).toBe('closed');
  });
});

describe('calls that wait for a circuit', () => {
  test('are let through one by one, first come first served, until it closes for all', () => {
    const { circuit, clock, granted, calls, fail, wait } = circuitOf();
    fail(3);
    for (const name of ['a', 'b', 'c', 'd']) wait(name);
    expect(clock.pending).toBe(1);
    clock.advance(500);
    expect(granted).toEqual(['a']);
    calls[0]?.failed();
    clock.advance(500);
    expect(granted).toEqual(['a', 'b']);
    calls[1]?.succeeded();

    expect(granted).toEqual(['a', 'b', 'c', 'd']);
    expect(calls.slice(2).every((call) => call.isStanding)).toBe(true);
    expect(circuit.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test('come before one that did not wait, also where the timer is late', () => {
    const { circuit, clock, caller, granted, fail, wait } = circuitOf();
    fail(3);
    wait('first');
    clock.skip(600);

    expect(circuit.enter(caller('newcomer'))).toBeUndefined();
    expect(granted).toEqual(['first']);
  });

  test('get the place of a call that hangs, and of one that is withdrawn', () => {
    const { clock, granted, calls, enter, fail, wait } = circuitOf();
    fail(3);
    clock.advance(500);
    enter('hangs');
    for (const name of ['a', 'b']) wait(name);
    clock.advance(500);
    expect(granted).toEqual(['a']);
    calls[0]?.withdraw();

    expect(granted).toEqual(['a', 'b']);
    expect(clock.pending).toBe(0);
  });

  test('leave no timer when all have stopped waiting', () => {
    const { clock, granted, fail, wait } = circuitOf();
    fail(3);
    const stops = ['a', 'b'].map(wait);
    stops[0]?.();
    expect(clock.pending).toBe(1);
    stops[1]?.();
    stops[1]?.();

    expect(clock.pending).toBe(0);
    clock.advance(5000);
    expect(granted).toEqual([]);
  });
});
