import { hasMethod, isObject, readProperty } from '../data/foreign-value.js';
import { isPlainData } from '../data/plain-data.js';
import { canHoldOptions, checkOptions, invalidOption } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { idRule } from '../runs/start-options.js';
import type { AuthoriseRequest, RequestIdentity, RunRequestAction } from './run-handler-options.js';

const identityRules = {
  tenantId: idRule,
  principal: (value: unknown) =>
    isObject(value) && isPlainData(value) ? undefined : 'an object of plain data',
};

/**
 * Asks on whose behalf a request acts; gives the answer of the hook where that refuses the request.
 *
 * Whatever is neither an identity nor an answer refuses too: nobody gets in because a word was misspelt.
 *
 * @throws {@link PipelineError} `REQUEST_FAILED` where the hook throws, or gives something else.
 */
export async function authoriseRequest(
  authorise: AuthoriseRequest,
  request: Request,
  action: RunRequestAction,
): Promise<RequestIdentity | Response> {
  try {
    const answer: unknown = await authorise(request, action);
    if (isResponse(answer)) return answer;
    if (request.bodyUsed) throw invalidOption('authorise', 'it must not read the body of the request');
    return judgedIdentity(answer);
  } catch (error) {
    throw new PipelineError('REQUEST_FAILED', {
      problem: "'authorise' has not said on whose behalf the request acts; see the cause.",
      remedy: 'Give an identity, or a Response that refuses the request.',
      cause: error,
    });
  }
}

/** By shape: frameworks have classes of their own in place of `Response`. */
export function isResponse(value: unknown): value is Response {
  return (
    typeof readProperty(value, 'status') === 'number' && hasMethod(readProperty(value, 'headers'), 'get')
  );
}

/** Each part is read once: what was judged is what is used. */
function judgedIdentity(answer: unknown): RequestIdentity {
  if (!canHoldOptions(answer)) throw invalidOption('authorise', 'an identity or a Response was expected');
  checkOptions('authorise', answer, identityRules);
  const { tenantId, principal } = answer as RequestIdentity;
  const identity = { tenantId, principal };
  checkOptions('authorise', identity, identityRules);
  return identity;
}
