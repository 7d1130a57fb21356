import { existsSync, readFileSync } from 'node:fs';
import type { Peer, PeerModule } from './peer.js';
import type { BenchSettings } from './settings.js';

/** The modules in `peers`: what they are called, and the package that each needs; what Node itself offers needs none. */
const modules = {
  'async-generators': { name: 'async generators', needed: undefined },
  'node-streams': { name: 'Node streams', needed: undefined },
  most: { name: 'most', needed: '@most/core' },
  rxjs: { name: 'RxJS', needed: 'rxjs' },
  effect: { name: 'Effect', needed: 'effect' },
  ix: { name: 'ix', needed: 'ix' },
  mastra: { name: 'Mastra', needed: '@mastra/core' },
} as const;

/** The module of a peer. */
export type PeerName = keyof typeof modules;

/**
 * Loads peers; without packages of their own installed, those that need none.
 *
 * In a process that measures one contender alone, no other is loaded.
 */
export async function loadPeers(settings: BenchSettings, wanted: readonly PeerName[]): Promise<Peer[]> {
  if (!settings.peers) return [];
  const { contender: alone } = settings.allocationOf ?? settings.firstRunOf ?? {};
  const peers: Peer[] = [];
  for (const file of wanted) {
    const { name, needed } = modules[file];
    if (alone !== undefined && alone !== name) continue;
    if (needed !== undefined && !existsSync(manifestOf(needed))) continue;
    // Not a literal: types and lint of everything else must not need the peers' packages.
    const module = (await import(new URL(`./peers/${file}.js`, import.meta.url).href)) as PeerModule;
    peers.push({ name, ...module.peer });
  }
  return peers;
}

/** The versions of the peers' packages in a folder of installed packages; null for one that is not installed. */
export function peerVersions(benchFolder: URL): Record<string, string | null> {
  const needed = Object.values(modules).flatMap(({ needed: name }) => name ?? []);
  return Object.fromEntries(needed.map((name) => [name, versionOf(manifestOf(name, benchFolder))]));
}

/** Seen from the folder that bench files are built into. */
function manifestOf(name: string, benchFolder = new URL('../', import.meta.url)): URL {
  return new URL(`node_modules/${name}/package.json`, benchFolder);
}

function versionOf(manifest: URL): string | null {
  if (!existsSync(manifest)) return null;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
  return version;
}
