import { deadLetterTest, MemoryDeadLetterSink, runPipeline, type PipelineBuilder } from 'heirline';

export class Ages {
  define(builder: PipelineBuilder) {
    const aged = builder.addTransform(({ born }: { born: string }) => 2030 - Number(born.slice(0, 4)), {
      name: 'age',
      from: builder.addSource([JSON.parse('{"name":"Ada","born":null}') as { born: string }]),
      errorPolicy: 'deadLetter',
    });
    builder.addSink((age) => console.log(age), { from: aged });
  }
}

const sink = new MemoryDeadLetterSink();
await runPipeline(Ages, { deadLetterSink: sink });
for (const letter of sink.envelopes) {
  const text = deadLetterTest(letter, { definition: Ages, importFrom: '../src/ages.js' });
  console.log(
    text
      .split('\n')
      .filter((line) => /^import|^test|item: |name: 'Ada'|born/.test(line.trim()))
      .join('\n')
      .replaceAll(letter.id, '42'),
  );
}

// prints
// import { MemoryDeadLetterSink, replayDeadLetters, type DeadLetterEnvelope } from 'heirline';
// import { expect, test } from 'vitest';
// import { Ages } from '../src/ages.js';
//   item: {
//     name: 'Ada',
//     born: null,
// test('Ages/age takes the item of the dead letter 42', async () => {
