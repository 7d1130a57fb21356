import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { RunClients } from '../../../src/runs/run-clients.js';

describe('the clients of a run', () => {
  it('tell once that the first one has left, and of no other', () => {
    const left = vi.fn();
    const clients = new RunClients(left);
    const leave = clients.join(0);
    clients.join(0)();
    expect(left).not.toHaveBeenCalled();
    leave();
    leave();
    clients.join(0)();
    expect(left).toHaveBeenCalledOnce();
  });

  it('do not tell where somebody takes the place in time, or the run has ended', async () => {
    const left = vi.fn();
    const clients = new RunClients(left);
    clients.join(10)();
    const leave = clients.join(10);
    await sleep(30);
    leave();
    clients.end();
    await sleep(30);
    expect(left).not.toHaveBeenCalled();
  });
});
