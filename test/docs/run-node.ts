import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs Node in a process of its own and gives its standard output; rejects with its errors unless it ends well.
 *
 * @param more variables of the environment besides those of this process.
 */
export async function runNode(
  args: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  // What vitest sets for its own threads is not what a reader of the docs has.
  const { NODE_ENV: _mode, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...env, ...more, NO_COLOR: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
