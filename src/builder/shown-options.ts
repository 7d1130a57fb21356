import type { RequiredNames } from '../context/child-contract.js';
import { dictionaryOption } from '../context/child-inheritance.js';
import type { ChildInheritance } from '../context/child-inheritance.js';
import { keyName } from '../context/context-key.js';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import type { ErrorMatcher } from '../resilience/error-matcher.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { ErrorRule, FallbackRule } from '../resilience/error-rule.js';
import { isPipelineFallback } from '../resilience/fallback.js';
import { toleranceText } from '../resilience/tolerance.js';
import type { PipelineSettings } from './blueprint.js';
import { factsOf } from './describe-definition.js';

/** What a composite's child inherits as plain data: key selections with the names of their keys. */
export function configurationData(inheritance: ChildInheritance): Readonly<Record<string, unknown>> {
  const { configuration } = inheritance;
  const data = Object.entries(configuration).map(([option, value]: [string, unknown]) => [
    option,
    selectionData(value),
  ]);
  const contracted = dictionaryKinds
    .filter((kind) => inheritance[kind].isByContract)
    .map((kind) => {
      const option = dictionaryOption[kind];
      const given = configuration[option];
      const parts = typeof given === 'object' ? (selectionData(given) as object) : {};
      return [option, { ...parts, required: requiredData(inheritance[kind].passingByContract) }];
    });
  return Object.fromEntries([...data, ...contracted]) as Record<string, unknown>;
}

/** Required keys by name, each with the ids of the composites below that need it; none for the child itself. */
function requiredData(names: RequiredNames): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    [...names].map(([name, neededBy]) => [
      name,
      [...new Set(neededBy.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)))],
    ]),
  );
}

/** What is said about a pipeline as a whole, in words. */
export function settingsShown({ errorPolicy, tolerate }: PipelineSettings): Readonly<Record<string, string>> {
  return Object.freeze({
    ...(errorPolicy && {
      errorPolicy: `${policyText(errorPolicy.policy)}${errorPolicy.children ? ', children too' : ''}`,
    }),
    ...(tolerate && { tolerate: toleranceText(tolerate) }),
  });
}

/** A policy in words: `TimeoutError → retry 3, else deadLetter; * → skip`. */
export function policyText(policy: ErrorPolicy<unknown>): string {
  return policy.rules.map((rule) => `${matcherText(rule.on)} → ${thenText(rule.then)}`).join('; ');
}

function selectionData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((key) => keyName(key as string));
  if (typeof value !== 'object' || value === null) return value;
  if ('name' in value && 'local' in value) return keyName(value as never);
  return Object.fromEntries(Object.entries(value).map(([part, keys]) => [part, selectionData(keys)]));
}

function matcherText(matcher: ErrorMatcher | undefined): string {
  if (matcher === undefined) return '*';
  if (typeof matcher === 'string') return matcher;
  return matcher.name === '' ? 'predicate' : matcher.name;
}

function thenText(then: ErrorRule<unknown>['then']): string {
  if (typeof then === 'string') return then;
  if (!('retry' in then)) return fallbackText(then);
  const { attempts, exhausted } = then.retry;
  const ending = typeof exhausted === 'object' ? fallbackText(exhausted) : exhausted;
  return `retry ${String(attempts)}${ending === undefined ? '' : `, else ${ending}`}`;
}

function fallbackText({ fallback }: FallbackRule<unknown>): string {
  return isPipelineFallback(fallback) ? `fallback ${factsOf(fallback).name}` : 'fallback';
}
