import { types } from 'node:util';
import { bytesKind, bytesToText } from './bytes.js';
import type { BytesKind } from './bytes.js';
import { isArray, isMap, isSet, prototypeOf } from './foreign-value.js';

/** Writes data, as the codec decodes them, as an expression in TypeScript that makes them again. */
export function sourceLiteral(value: unknown, indent = ''): string {
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (types.isDate(value)) {
    const at = value.getTime();
    return Number.isNaN(at) ? 'new Date(NaN)' : `new Date(${textLiteral(value.toISOString())})`;
  }
  const kind = bytesKind(value);
  if (kind !== undefined) return bytesLiteral(value, kind);
  const inner = `${indent}  `;
  if (isMap(value))
    return `new Map<unknown, unknown>(${sourceLiteral([...(value as Map<unknown, unknown>)], indent)})`;
  if (isSet(value)) return `new Set<unknown>(${sourceLiteral([...(value as Set<unknown>)], indent)})`;
  if (isArray(value))
    return listed(
      '[',
      Array.from(value, (part) => sourceLiteral(part, inner)),
      ']',
      indent,
    );
  const entries = Object.entries(value).map(
    ([key, part]) => `${keyLiteral(key)}: ${sourceLiteral(part, inner)}`,
  );
  const literal = listed('{', entries, '}', indent);
  return prototypeOf(value) === null ? `Object.assign(Object.create(null), ${literal})` : literal;
}

function listed(open: string, parts: readonly string[], close: string, indent: string): string {
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => `${indent}  ${part},\n`).join('')}${indent}${close}`;
}

function keyLiteral(key: string): string {
  // Written plainly, this key would set the prototype.
  if (key === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : textLiteral(key);
}

/** A text in single quotes, on one line. */
export function textLiteral(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}

function bytesLiteral(value: object, kind: BytesKind): string {
  const bytes = `Uint8Array.from(Buffer.from(${textLiteral(bytesToText(value))}, 'base64'))`;
  if (kind === 'Uint8Array') return bytes;
  return kind === 'ArrayBuffer' ? `${bytes}.buffer` : `new ${kind}(${bytes}.buffer)`;
}
