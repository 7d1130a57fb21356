import type { GetManualChunk, GetModuleInfo } from 'rollup';

/** Puts all that the main entry imports, directly or not, into one chunk of the given name. */
export function chunkOfMain(name: string, entry: string): GetManualChunk {
  const modules = new Set<string>();
  return (id, { getModuleInfo }) => {
    if (modules.size === 0) addImported(modules, entry, getModuleInfo);
    return modules.has(id) ? name : undefined;
  };
}

/** Adds all that a module imports, directly or not. */
function addImported(modules: Set<string>, id: string, infoOf: GetModuleInfo): void {
  for (const imported of infoOf(id)?.importedIds ?? []) {
    if (modules.has(imported)) continue;
    modules.add(imported);
    addImported(modules, imported, infoOf);
  }
}
