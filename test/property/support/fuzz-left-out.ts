// The one switch for what the engine does not do yet: programs that need it are not drawn, counts are not compared.
// Empty is the aim.
import { somePipe, type Program } from './fuzz-program.js';

const leftOut = new Set<string>(['hostile values', 'repeated letters', 'ends of lingering children']);

/** Whether something is left out. */
export function isLeftOut(name: string): boolean {
  return leftOut.has(name);
}

/** Whether a program needs what is left out. */
export function needsLeftOut({ root, entry, output }: Program): boolean {
  if (
    isLeftOut('idle readables') &&
    somePipe(root, ({ sources }) => sources.some(({ kind, then }) => kind === 'readable' && then === 'wait'))
  )
    return true;
  return (
    isLeftOut('runItem without output') && entry === 'runItem' && output !== 'many' && output !== 'optional'
  );
}
