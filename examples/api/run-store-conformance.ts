import { MemoryRunStore } from 'heirline';
import { runStoreConformance } from 'heirline/testing';

// With a test runner: it.each(runStoreConformance(createStore))('$name', ({ run }) => run());
const cases = runStoreConformance(() => new MemoryRunStore());
let passed = 0;
for (const { run } of cases) {
  await run();
  passed += 1;
}
console.log(passed === cases.length);

// prints
// true
