// A service of runs and three clients: what happens when they want the same thing at the same time?
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type Run } from './client.js';
import { ServiceProcess } from './service-process.js';

const folder = await mkdtemp(join(tmpdir(), 'run-service-'));
const file = join(folder, 'runs.db');
let service = await ServiceProcess.start(file);
const ada = new Client(service.url, 'token-of-ada');
const grace = new Client(service.url, 'token-of-grace');
const ida = new Client(service.url, 'token-of-ida');
const rome = 'trip to Rome';
const long = { takesMs: 60_000 };
const endOf = ({ status, stopReason }: Run): string =>
  stopReason === undefined ? status : `${status} (${stopReason})`;

console.log('Ada asks, and follows her run');
const first = await ada.ask(rome, 'where to sleep?', { key: 'question 1' });
for await (const { type, path = '', status = '' } of ada.follow(first))
  console.log(`  ${`${type} ${path}${status}`.trimEnd()}`);

console.log('\nHer request is sent again, since the answer was lost');
const again = await ada.tryToAsk(rome, 'where to sleep?', { key: 'question 1' });
console.log(`  ${String(again.status)}, the same run: ${String(again.body.runId === first.runId)}`);

console.log('\nA conflict: Ada asks something that takes a minute, and Grace asks meanwhile');
const slow = await ada.ask(rome, 'what to see?', long);
const refused = await grace.tryToAsk(rome, 'what to eat?');
console.log(`  Grace: ${String(refused.status)} ${refused.body.code}`);
const other = await ida.ask(rome, 'how to get there?');
console.log(`  Ida, of another company, on a thread with the same name: ${endOf(await ida.wait(other))}`);
const stolen = await ida.call<{ code: string }>('POST', `/runs/${slow.runId}/cancel`);
console.log(`  Ida cancels Ada's run: ${String(stolen.status)} ${stolen.body.code}`);

console.log('\nAn interrupt: Grace cannot wait');
const urgent = await grace.ask(rome, 'what to eat?', { strategy: 'interrupt' });
console.log(`  Ada's run: ${endOf(await ada.wait(slow))}`);
console.log(`  Grace's run: ${endOf(await grace.wait(urgent))}`);
console.log('  the session:', await ada.session(rome));

console.log('\nA rollback: Ada asks, thinks better of it, and nothing of it stays');
const doubtful = await ada.ask(rome, 'what does it cost?', long);
for await (const { type, path } of ada.follow(doubtful))
  if (type === 'nodeStarted' && path === 'Answer/think') break;
const { body } = await ada.call<{ outcome: string }>('POST', `/runs/${doubtful.runId}/cancel`, {
  action: 'rollback',
});
console.log(`  the cancel: ${body.outcome}`);
console.log(`  Ada's run: ${endOf(await ada.wait(doubtful))}`);
console.log('  the session:', await ada.session(rome));

console.log('\nA disconnect: Ida closes her window');
const watched = await ida.ask('packing', 'what to pack?', { ...long, onDisconnect: 'cancel' });
for await (const { type } of ida.follow(watched)) if (type === 'nodeStarted') break;
console.log(`  Ida's run: ${endOf(await ida.wait(watched))}`);

console.log('\nA crash: the service is killed while a run is under way and another one waits');
const orphan = await ada.ask(rome, 'which way?', long);
const queued = await grace.ask(rome, 'how long?', { strategy: 'enqueue' });
console.log(`  Ada's run: ${endOf(orphan)}, Grace's run: ${endOf(queued)}`);
console.log(`  ended by ${String(await service.end('SIGKILL'))}`);

console.log('\nThe recovery: the service is started again on the same file');
service = await ServiceProcess.start(file, service.port);
console.log(`  Ada's run: ${endOf(await ada.wait(orphan))}`);
console.log(`  Grace's run: ${endOf(await grace.wait(queued))}`);
console.log(`  Ada's first run is still there: ${endOf(await ada.wait(first))}`);
console.log('  the session:', await ada.session(rome));

console.log('\nThe service is told to end while a run is under way');
const last = await ada.ask(rome, 'when to go?', long);
let seen = '';
let exit: Promise<number | string> | undefined;
for await (const { type, path, status } of ada.follow(last)) {
  if (type === 'nodeStarted' && path === 'Answer/think') exit = service.end('SIGTERM');
  seen = `${type} ${status ?? ''}`;
}
console.log(`  what Ada has seen last: ${seen}`);
console.log(`  the exit code of the service: ${String(await exit)}`);
await rm(folder, { recursive: true });
