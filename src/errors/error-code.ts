import { compositionCodes } from './composition-codes.js';
import { contextCodes } from './context-codes.js';
import { definitionCodes } from './definition-codes.js';
import { flowCodes } from './flow-codes.js';
import { httpCodes } from './http-codes.js';
import { runContextCodes } from './run-context-codes.js';
import { runManagerCodes } from './run-manager-codes.js';
import { runningCodes } from './running-codes.js';

/** Every code an error of this library can carry; each has a section in `docs/errors.md`. */
export const errorCodes = [
  ...definitionCodes,
  ...compositionCodes,
  ...contextCodes,
  ...runningCodes,
  ...flowCodes,
  ...runContextCodes,
  ...runManagerCodes,
  ...httpCodes,
] as const;

/** The stable name of a kind of failure; compare it instead of messages. */
export type PipelineErrorCode = (typeof errorCodes)[number];
