/**
 * The UTF-8 of a string, or a copy of what a Uint8Array shows now; undefined for anything else.
 * Asks the value nothing that it could answer with code of its own.
 */
export function readBytes(value) {
  if (typeof value === 'string') {
    return new TextEncoder().encode(value);
  }
  if (typedArrayName(value) === 'Uint8Array') {
    // A detached array has the length 0, but cannot be copied.
    return typedArrayLength(value) === 0 ? new Uint8Array() : new Uint8Array(value);
  }
  return undefined;
}

const typedArrayName = typedArrayGetter(Symbol.toStringTag);
const typedArrayLength = typedArrayGetter('length');

function typedArrayGetter(property) {
  const { get } = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    property,
  );
  return (value) => Reflect.apply(get, value, []);
}

export function encodeHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A text with one character for each byte, as `atob` gives it. */
export function toBinary(bytes) {
  let binary = '';
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return binary;
}

export function fromBinary(binary) {
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}
