import { MemoryRunStore } from 'heirline';

const store = new MemoryRunStore({ cap: 100 });
const stored = await store.insert(
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
console.log(stored.status, (await store.active('conversation-7'))?.runId);

// prints
// running first
