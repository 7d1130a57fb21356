export { contextModule } from './injection/context-module.js';
export { perExecution } from './injection/per-execution.js';
export { perRun } from './injection/per-run.js';
export type { InstanceDisposer } from './injection/scoped-instance.js';
