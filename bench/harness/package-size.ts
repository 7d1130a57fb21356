import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The size of the package as it would be published now. */
export interface PackageSize {
  /** Unpacked, without source maps. */
  readonly bytes: number;
  readonly bytesOfMaps: number;
  /** Without source maps, by the first part of the path. */
  readonly byFolder: ReadonlyMap<string, number>;
}

interface PackedFile {
  readonly path: string;
  readonly size: number;
}

/** Asks npm what it would publish; the declarations count as far as they have been built. */
export async function measurePackage(): Promise<PackageSize> {
  const cwd = fileURLToPath(new URL('../../', import.meta.url)); // seen from the folder that this is built into
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd,
    maxBuffer: 16 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(stdout) as readonly { readonly files: readonly PackedFile[] }[];
  const byFolder = new Map<string, number>();
  let bytesOfMaps = 0;
  for (const { path, size } of packed?.files ?? []) {
    if (path.endsWith('.map')) bytesOfMaps += size;
    else {
      const [folder = path] = path.split('/');
      byFolder.set(folder, (byFolder.get(folder) ?? 0) + size);
    }
  }
  const bytes = [...byFolder.values()].reduce((sum, size) => sum + size, 0);
  return { bytes, bytesOfMaps, byFolder };
}
