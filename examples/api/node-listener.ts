import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RunManager } from 'heirline';
import { createRunHandler, nodeListener } from 'heirline/http';

const manager = new RunManager();
const handler = createRunHandler({ manager, authorise: () => ({}) });
const server = createServer(nodeListener(handler)).listen(0, '127.0.0.1');
await once(server, 'listening');

const { port } = server.address() as AddressInfo;
const response = await fetch(`http://127.0.0.1:${port}/runs`);
console.log(response.status, await response.json());

server.close();
server.closeAllConnections();
await manager.close();

// prints
// 200 { runs: [] }
