import type { RunStore } from '../runs/run-store.js';
import { admissionCases } from './store-admission-cases.js';
import type { ConformanceCase } from './conformance-case.js';
import { changeCases } from './store-change-cases.js';
import { leaseCases } from './store-lease-cases.js';
import { queryCases } from './store-query-cases.js';
import { StoreSamples } from './store-samples.js';

/**
 * What must be true of every `RunStore`, as cases for any test runner.
 *
 * Each case makes a store, which may be over a database that the cases share: each uses ids of its own. Cases wait for
 * leases to end in real time, at most a tenth of a second.
 *
 * @param create makes a store.
 *
 * @example
 * {@includeCode ../../examples/api/run-store-conformance.ts}
 */
export function runStoreConformance(create: () => RunStore | Promise<RunStore>): readonly ConformanceCase[] {
  const cases = { ...admissionCases, ...changeCases, ...leaseCases, ...queryCases };
  return Object.entries(cases).map(([name, check]) => ({
    name,
    run: async () => {
      const store = await create();
      try {
        await check(new StoreSamples(store));
      } finally {
        await store.close();
      }
    },
  }));
}
