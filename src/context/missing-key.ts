import { nearName } from '../errors/near-name.js';
import { passingRemedy } from './child-inheritance.js';
import { dictionaryKinds } from './dictionary-kind.js';
import type { DictionaryKind } from './dictionary-kind.js';
import type { TraceableContext } from './explain.js';
import { isLinkageKey } from './parent-linkage.js';

/**
 * Says why a context lacks a key that somebody needs, and what would give it; undefined where nothing is known of it.
 *
 * Only for a key that must be there: a key that may be absent is not missed, so a name like it means nothing.
 */
export function missingKeyHint(
  context: TraceableContext,
  kind: DictionaryKind,
  name: string,
): string | undefined {
  if (isLinkageKey(kind, name)) {
    return 'It names the composite that started this context, and a context at the root has none.';
  }
  const obstacles = obstaclesTo(context, kind, name);
  return obstacles.length > 0 ? obstacles.join(' ') : likelyMistake(context, kind, name);
}

/** What kept a key, which some context above had, from coming here: the topmost first. */
function obstaclesTo(context: TraceableContext, kind: DictionaryKind, name: string): string[] {
  const { parent, childSite, path } = context;
  if (context.base(kind).get(name) !== undefined) {
    return [`It was deleted in '${path}'. Keep it there, or give it anew.`];
  }
  if (parent === undefined || childSite === undefined) return [];
  const sources = childSite.inheritance[kind].sourcesOf(name);
  for (const source of sources.length === 0 ? [name] : sources) {
    if (parent.isLocal(kind, source)) return [localHint(parent.path, kind, source)];
    const isHeld = parent.entry(kind, source) !== undefined;
    if (isHeld && sources.length > 0) {
      return [`'${parent.path}' has set it since this context started. Set it before the item comes here.`];
    }
    const above = isHeld ? [] : obstaclesTo(parent, kind, source);
    if (sources.length > 0 && above.length > 0) return above;
    if (isHeld || above.length > 0) return [...above, withheldHint(context, kind, name)];
  }
  return [];
}

function withheldHint({ parent, childSite, path }: TraceableContext, kind: DictionaryKind, name: string) {
  const inheritance = childSite?.inheritance;
  const idle = [...(inheritance?.[kind].selection?.picked ?? [])].filter(
    (picked) => parent?.entry(kind, picked) === undefined,
  );
  const near = nearName(name, idle);
  const mistyped =
    near === undefined ? '' : ` The composite picks '${near}', which '${parent?.path ?? ''}' does not have.`;
  return `The composite '${path}' does not pass it on.${mistyped} ${passingRemedy(kind, name, inheritance)}`;
}

/** Why an entry that is there does not go on, in words for an error. */
export function localHint(path: string, kind: DictionaryKind, name: string): string {
  return `'${path}' has it under a local key, which no child inherits. Set it through a key that is not local, or give it with: { ${kind}: { '${name}': ... } }.`;
}

/** The nearest context that has the name in another dictionary, or has a name like it. */
function likelyMistake(from: TraceableContext, kind: DictionaryKind, name: string): string | undefined {
  for (let context: TraceableContext | undefined = from; context !== undefined; context = context.parent) {
    const owner = context === from ? 'This context' : `'${context.path}'`;
    const holder = context;
    const other = dictionaryKinds.find((each) => holder.entry(each, name) !== undefined);
    if (other !== undefined) {
      return `${owner} has '${name}' in its ${other}, not in its ${kind}. Use it as one of the ${other}, or set it in the ${kind}.`;
    }
    const near = nearName(name, context.dictionary(kind).keys());
    if (near !== undefined) {
      return `${owner} has '${near}' in its ${kind}: use that name if it was meant, else set '${name}'.`;
    }
  }
  return undefined;
}
