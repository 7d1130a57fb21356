import { MemoryLineageSink } from 'heirline';
import { lineageSinkConformance } from 'heirline/testing';

// With a test runner: it.each(lineageSinkConformance(create))('$name', ({ run }) => run());
const cases = lineageSinkConformance(() => new MemoryLineageSink());
let passed = 0;
for (const { run } of cases) {
  await run();
  passed += 1;
}
console.log(passed === cases.length);

// prints
// true
