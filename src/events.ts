export { RunEvents } from './observability/run-events.js';
export type { EventListener } from './observability/run-events.js';
