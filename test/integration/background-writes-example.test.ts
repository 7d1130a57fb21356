import { describe, expect, it } from 'vitest';
import { NaiveWriter } from '../../examples/background-writes/naive-writer.js';
import { queuedWriter } from '../../examples/background-writes/queued-writer.js';
import { isRight, serveRequests } from '../../examples/background-writes/serve-requests.js';

const requests = 50;

describe('the background writes example', () => {
  it('books 49 of 50 writes under the request that has started the loop', async () => {
    const lines = await serveRequests(requests, (log) => new NaiveWriter(log));
    expect(new Set(lines.map(({ request }) => request)).size).toBe(requests);
    expect(lines.filter(isRight)).toHaveLength(1);
    expect(new Set(lines.map(({ correlationId }) => correlationId)).size).toBe(1);
  });

  it('books 50 of 50 writes rightly with a BackgroundQueue', async () => {
    const lines = await serveRequests(requests, queuedWriter);
    expect(new Set(lines.map(({ request }) => request)).size).toBe(requests);
    expect(lines.filter(isRight)).toHaveLength(requests);
  });
});
