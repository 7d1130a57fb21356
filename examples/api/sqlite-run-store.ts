import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteRunStore } from 'heirline/sqlite';

const path = join(mkdtempSync(join(tmpdir(), 'runs-')), 'runs.db');
const store = sqliteRunStore({ path });
await store.insert(
  {
    runId: 'first',
    threadId: 'conversation-7',
    pipelineName: 'Answer',
    status: 'running',
    strategy: 'reject',
    onDisconnect: 'continue',
    metadata: {},
    ownerId: 'this process',
    createdAt: Date.now(),
    cost: [],
    counts: {},
  },
  { lease: { token: 'a fresh secret', ownerId: 'this process', ms: 30_000 } },
);
await store.close();

// Another process, or this one after a restart.
const later = sqliteRunStore({ path });
console.log((await later.active('conversation-7'))?.runId);
await later.close();

// prints
// first
