import { Buffer } from 'node:buffer';
import { types } from 'node:util';

/** How each kind of bytes is made again from a buffer of its own. */
const makers = {
  ArrayBuffer: (buffer: ArrayBuffer) => buffer,
  DataView: (buffer: ArrayBuffer) => new DataView(buffer),
  Uint8Array: (buffer: ArrayBuffer) => new Uint8Array(buffer),
  Int8Array: (buffer: ArrayBuffer) => new Int8Array(buffer),
  Uint8ClampedArray: (buffer: ArrayBuffer) => new Uint8ClampedArray(buffer),
  Int16Array: (buffer: ArrayBuffer) => new Int16Array(buffer),
  Uint16Array: (buffer: ArrayBuffer) => new Uint16Array(buffer),
  Int32Array: (buffer: ArrayBuffer) => new Int32Array(buffer),
  Uint32Array: (buffer: ArrayBuffer) => new Uint32Array(buffer),
  Float32Array: (buffer: ArrayBuffer) => new Float32Array(buffer),
  Float64Array: (buffer: ArrayBuffer) => new Float64Array(buffer),
  BigInt64Array: (buffer: ArrayBuffer) => new BigInt64Array(buffer),
  BigUint64Array: (buffer: ArrayBuffer) => new BigUint64Array(buffer),
} as const;

/** What bytes there are; a Buffer is a Uint8Array. */
export type BytesKind = keyof typeof makers;

/** Whether a text names a kind of bytes. */
export function isBytesKind(text: string): text is BytesKind {
  return Object.hasOwn(makers, text);
}

/** Which bytes an object is, of any realm; undefined for all else, for memory that threads share too. */
export function bytesKind(value: object): BytesKind | undefined {
  if (types.isArrayBuffer(value)) return 'ArrayBuffer';
  if (!ArrayBuffer.isView(value) || types.isSharedArrayBuffer(value.buffer)) return undefined;
  if (types.isDataView(value)) return 'DataView';
  // A typed array tells its kind by an accessor that no instance can change.
  const kind: unknown = typedArrayKind?.call(value);
  return typeof kind === 'string' && isBytesKind(kind) ? kind : undefined;
}

/** The bytes in base64: of a view, only those that it shows. */
export function bytesToText(value: object): string {
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  return types.isArrayBuffer(value) ? Buffer.from(value).toString('base64') : '';
}

/** Makes the bytes again, with a buffer of their own. */
export function bytesFromText(kind: BytesKind, text: string): object {
  return makers[kind](Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

const typedArrayKind = Reflect.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get;
