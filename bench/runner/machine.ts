import { cpus } from 'node:os';

/** What the times depend on. */
export interface Machine {
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
}

/** This machine and the Node that runs. */
export function thisMachine(): Machine {
  const cores = cpus();
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    platform: `${process.platform} ${process.arch}`,
  };
}
