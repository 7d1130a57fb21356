import { postgresRunStore } from 'heirline/postgres';

const store = postgresRunStore({ connectionString: process.env['DATABASE_URL'] });
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
console.log((await store.active('conversation-7'))?.runId);
await store.close();

// prints
// first
