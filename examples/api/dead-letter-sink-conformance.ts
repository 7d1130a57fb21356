import { MemoryDeadLetterSink } from 'heirline';
import { deadLetterSinkConformance } from 'heirline/testing';

// With a test runner: it.each(deadLetterSinkConformance({ create }))('$name', ({ run }) => run());
const cases = deadLetterSinkConformance({
  create: () => new MemoryDeadLetterSink({ capacity: 1000 }),
  createSmall: () => new MemoryDeadLetterSink({ capacity: 2 }),
});
let passed = 0;
for (const { run } of cases) {
  await run();
  passed += 1;
}
console.log(passed === cases.length);

// prints
// true
