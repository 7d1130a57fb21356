export { createRunHandler } from './http/create-run-handler.js';
export type { RunHandler } from './http/create-run-handler.js';
export type { NodeRequest } from './http/incoming-request.js';
export { nodeListener } from './http/node-listener.js';
export type {
  AuthoriseRequest,
  RequestIdentity,
  RunHandlerOptions,
  RunRequestAction,
} from './http/run-handler-options.js';
export type { NodeResponse } from './http/send-response.js';
export type { ServedManager, ServedMethod, ServedRuns } from './http/served-manager.js';
