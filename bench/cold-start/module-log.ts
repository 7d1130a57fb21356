import { writeSync } from 'node:fs';
import type { LoadHook } from 'node:module';

/** Runs on a thread of its own, whose console is not connected. */
export const load: LoadHook = async (url, context, nextLoad) => {
  writeSync(2, `${url}\n`);
  return await nextLoad(url, context);
};
