import { existsSync, readFileSync } from 'node:fs';
import type { Peer, PeerModule } from './peer.js';
import type { BenchSettings } from './settings.js';

/** The modules in `peers`, each with the package that it needs; what Node itself offers needs none. */
const packages = {
  'async-generators': undefined,
  'node-streams': undefined,
  most: '@most/core',
  rxjs: 'rxjs',
  effect: 'effect',
  ix: 'ix',
  mastra: '@mastra/core',
} as const;

/** The module of a peer. */
export type PeerName = keyof typeof packages;

/** Loads peers; without packages of their own installed, those that need none. */
export async function loadPeers(settings: BenchSettings, names: readonly PeerName[]): Promise<Peer[]> {
  if (!settings.peers) return [];
  const peers: Peer[] = [];
  for (const name of names) {
    const needed = packages[name];
    if (needed !== undefined && !existsSync(manifestOf(needed))) continue;
    // Not a literal: types and lint of everything else must not need the peers' packages.
    const module = (await import(new URL(`./peers/${name}.js`, import.meta.url).href)) as PeerModule;
    peers.push(module.peer);
  }
  return peers;
}

/** The versions of the peers' packages in a folder of installed packages; null for one that is not installed. */
export function peerVersions(benchFolder: URL): Record<string, string | null> {
  const needed = Object.values(packages).filter((name) => name !== undefined);
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
