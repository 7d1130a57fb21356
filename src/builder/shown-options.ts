import type { CompositeContextConfiguration } from '../context/composite-context-configuration.js';
import { keyName } from '../context/context-key.js';
import type { ErrorMatcher } from '../resilience/error-matcher.js';
import type { ErrorPolicy, ErrorRule } from '../resilience/error-policy.js';

/** A configuration as plain data: key selections with the names of their keys. */
export function configurationData(
  configuration: CompositeContextConfiguration,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(configuration).map(([option, value]: [string, unknown]) => [option, selectionData(value)]),
  );
}

/** A policy in words: `TimeoutError → retry 3, else deadLetter; * → skip`. */
export function policyText(policy: ErrorPolicy): string {
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

function thenText(then: ErrorRule['then']): string {
  if (typeof then === 'string') return then;
  const { attempts, exhausted } = then.retry;
  return `retry ${String(attempts)}${exhausted === undefined ? '' : `, else ${exhausted}`}`;
}
