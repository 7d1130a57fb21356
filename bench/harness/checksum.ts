/** Adds an output to a checksum that depends on the order of outputs. */
export function checksum(sum: number, output: number): number {
  return (Math.imul(sum, 31) + output) | 0;
}

/** Adds an output to a checksum that is the same in every order of outputs. */
export function unorderedChecksum(sum: number, output: number): number {
  return (sum + Math.imul(output, 0x9e3779b1)) | 0;
}
