import { FileDeadLetterSink } from 'heirline';
import { sampleLetter } from './sample-letter.js';

// Writes letters to the file that is named, until the process is killed.
const [, , path = ''] = process.argv;
const sink = new FileDeadLetterSink({ path });
for (let number = 0; ; number += 1) {
  await sink.write(sampleLetter(number, { text: 'x'.repeat(5000) }));
  if (number === 20) console.log(number);
}
