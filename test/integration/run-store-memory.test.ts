import { MemoryRunStore } from 'heirline';
import { runStoreConformance } from 'heirline/testing';
import { describe, expect, it } from 'vitest';
import { describeManager } from './support/manager-cases.js';
import { describeManagerFaults } from './support/manager-fault-cases.js';

describe('the memory store is a store of runs', () => {
  it.each(runStoreConformance(() => new MemoryRunStore()))('$name', ({ run }) => run());
});

describe('the memory store', () => {
  const newStore = () => {
    const store = new MemoryRunStore();
    return () => store;
  };
  describeManager(newStore);
  describeManagerFaults(newStore);

  it('refuses options that it does not know', () => {
    expect(() => new MemoryRunStore({ cap: 0 })).toThrow(/'cap' must be a whole number above 0/);
  });
});
