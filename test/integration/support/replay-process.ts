import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FileDeadLetterSink, replayDeadLetters, type ReplayableDeadLetterSink } from 'heirline';
import { postgresDeadLetterSink } from 'heirline/postgres';
import { sqliteDeadLetterSink } from 'heirline/sqlite';
import { checking } from './checking.js';
import { lettersOf } from './letters-of.js';

/** What a process is to replay. */
export interface ReplayTask {
  readonly sink:
    { readonly path: string } | { readonly file: string } | { readonly connectionString: string };
  /** Where the items that the process runs are noted, a line each. */
  readonly log: string;
  /** The item in the middle of which it does nothing more. */
  readonly hangAt?: number;
}

const { sink: target, log, hangAt } = JSON.parse(process.argv[2] ?? '') as ReplayTask;
const sink = openSink();
const definition = checking(async (item) => {
  appendFileSync(log, `${String(item)}\n`);
  if (item !== hangAt) return;
  console.log('in the middle');
  // The timer keeps the process.
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
});

// The database is open before all begin at once.
await lettersOf(sink);
console.log('ready');
await once(createInterface({ input: process.stdin }), 'line');
const tally = await replayDeadLetters(sink, { definition, concurrency: hangAt === undefined ? 4 : 1 });
console.log(JSON.stringify(tally));
process.exit();

function openSink(): ReplayableDeadLetterSink {
  if ('path' in target) return sqliteDeadLetterSink(target);
  return 'file' in target ? new FileDeadLetterSink({ path: target.file }) : postgresDeadLetterSink(target);
}
