import { changedRecord, type RunRecord } from 'heirline';

const record: RunRecord = {
  runId: 'first',
  pipelineName: 'Answer',
  status: 'running',
  strategy: 'reject',
  onDisconnect: 'continue',
  metadata: {},
  ownerId: 'this process',
  createdAt: 1_000,
  cost: [],
  counts: {},
};
const run = { record, token: 'of its owner' };

console.log(changedRecord(run, { status: ['running'] }, { status: 'success', endedAt: 2_000 })?.status);
console.log(changedRecord(run, { status: ['pending'] }, { status: 'running' }));

// prints
// success
// undefined
