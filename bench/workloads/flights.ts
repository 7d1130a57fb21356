import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineRunner } from 'heirline';
import { AirportDirectory } from '../../examples/flights/airports.js';
import { DeadLetterFile } from '../../examples/flights/dead-letters.js';
import { FlightsPipeline } from '../../examples/flights/flights-pipeline.js';
import type { Workload } from '../harness/contender.js';
import { flightsByHand } from './flights-by-hand.js';

/** Does the job with the files of a folder, writes to another, and tells how many records there were. */
type Job = (data: string, folder: string) => Promise<number>;

const RECORDS = 20_030;
const outputs = ['flights.ndjson', 'by-state.txt', 'dead-letters.ndjson'];

/** Seen from the folder that this is built into. */
const data = fileURLToPath(new URL('../../examples/data/', import.meta.url));

/** The main example, parsing and files included, beside a loop that writes the same files. */
export async function flights(): Promise<{
  readonly workloads: readonly Workload[];
  /** Removes what the jobs have written. */
  readonly remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'heirline-bench-'));
  const [byHand, byHeirline] = [join(folder, 'by-hand'), join(folder, 'heirline')];
  await mkdir(byHand);
  await mkdir(byHeirline);
  const check = async (): Promise<void> => {
    await flightsByHand(data, byHand);
    await flightsByHeirline(data, byHeirline);
    for (const file of outputs) await compareFiles(join(byHand, file), join(byHeirline, file));
  };
  await check();

  const prepare = (job: Job, output: string) => () => () => job(data, output);
  return {
    workloads: [
      {
        name: 'flights: 3 levels, counts, dead letters and files',
        items: RECORDS,
        isFixed: true,
        allocation: false,
        contenders: [
          { name: 'loop', role: 'floor', prepare: prepare(flightsByHand, byHand) },
          { name: 'heirline', role: 'heirline', prepare: prepare(flightsByHeirline, byHeirline) },
        ],
      },
    ],
    async remove() {
      await check(); // the last runs, too, have written the same
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same as the example's main, without progress and report. */
async function flightsByHeirline(from: string, folder: string): Promise<number> {
  const definition = new FlightsPipeline({
    flightsFile: join(from, 'flights-20k.json'),
    brokenFile: join(from, 'flights-broken.json'),
  });
  const deadLetterSink = new DeadLetterFile(join(folder, 'dead-letters.ndjson'));
  const { nodes } = await new PipelineRunner().run(definition, {
    parameters: { tolerance: 0.01, scheduleUnit: 'miles', outputFolder: folder },
    items: { airports: await AirportDirectory.fromCsv(join(from, 'airports.csv')) },
    deadLetterSink,
  });
  await deadLetterSink.flush();
  const { out = 0, deadLettered = 0 } = nodes.get('flights/enrich') ?? {};
  return out + deadLettered;
}

/** The two sources of the pipeline take turns, so dead letters may come in another order. */
async function compareFiles(one: string, other: string): Promise<void> {
  const [expected, actual] = await Promise.all([linesOf(one), linesOf(other)]);
  if (one.endsWith('dead-letters.ndjson')) {
    expected.sort();
    actual.sort();
  }
  const differing = expected.findIndex((line, index) => line !== actual[index]);
  if (differing === -1 && expected.length === actual.length) return;
  throw new Error(
    `${other}: ${String(actual[differing])} instead of ${String(expected[differing])} (line ${differing + 1})`,
  );
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n');
}
