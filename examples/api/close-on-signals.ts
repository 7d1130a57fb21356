import { closeOnSignals, RunManager } from 'heirline';

const manager = new RunManager();
const stopListening = closeOnSignals(manager, { timeoutMs: 5_000 });
console.log(process.listenerCount('SIGTERM'));

// A service that closes the manager by itself listens no more.
stopListening();
console.log(await manager.close());

// prints
// 1
// { ended: [], cancelled: [], abandoned: [], unpersisted: [] }
