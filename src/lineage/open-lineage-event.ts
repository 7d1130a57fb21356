/** Who made an event, as a URI. */
const PRODUCER = 'https://www.npmjs.com/package/heirline';
const SPEC = 'https://openlineage.io/spec';

/** Something beside the fields that every event has. */
export interface OpenLineageFacet {
  /** Who made the facet, as a URI. */
  readonly _producer: string;
  /** Where the schema of the facet is. */
  readonly _schemaURL: string;
  /** What the facet says. */
  readonly [name: string]: unknown;
}

/** A job: a pipeline, or the pipeline of a composite. */
export interface OpenLineageJob {
  /** The namespace that the sink was given. */
  readonly namespace: string;
  /** The path of the pipeline, with dots. */
  readonly name: string;
}

/** Data that a job reads or writes. */
export interface OpenLineageDataset {
  /** Where the data is, such as `postgres://db:5432`; the namespace of the sink for a node without metadata. */
  readonly namespace: string;
  /** Which data it is, such as `shop.orders`; the path of the node with dots for one without metadata. */
  readonly name: string;
}

/** Which run of a job an event is about. */
export interface OpenLineageRun {
  /** A UUID; the run's own id where that is one. */
  readonly runId: string;
  /** By name: `parent` with the run that has started it, `errorMessage`, `heirline_items`. */
  readonly facets: Readonly<Record<string, OpenLineageFacet>>;
}

/** A run event of OpenLineage 2-0-2. */
export interface OpenLineageEvent {
  /** The first event of a run, and how it ended: a cancelled run is `ABORT`. */
  readonly eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
  /** ISO 8601, on the clock of the runner. */
  readonly eventTime: string;
  /** The run that has started or ended. */
  readonly run: OpenLineageRun;
  /** What runs. */
  readonly job: OpenLineageJob;
  /** What the job reads, as far as its nodes have started. */
  readonly inputs: readonly OpenLineageDataset[];
  /** What the job writes, as far as its nodes have started. */
  readonly outputs: readonly OpenLineageDataset[];
  /** Who tells of the event, as a URI. */
  readonly producer: string;
  /** Where the schema of the event is. */
  readonly schemaURL: string;
}

/** A run of a job, which events tell of. */
export interface LineageRun {
  readonly runId: string;
  readonly job: OpenLineageJob;
  /** The run that has started it; undefined at the top. */
  readonly parent: LineageRun | undefined;
  readonly inputs: Map<string, OpenLineageDataset>;
  readonly outputs: Map<string, OpenLineageDataset>;
}

/** Makes a run that nothing is known of yet. */
export function newRun(runId: string, job: OpenLineageJob, parent: LineageRun | undefined): LineageRun {
  return { runId, job, parent, inputs: new Map(), outputs: new Map() };
}

/** Makes an event about a run. */
export function eventOf(
  { runId, job, parent, inputs, outputs }: LineageRun,
  eventType: OpenLineageEvent['eventType'],
  at: number,
  facets: Readonly<Record<string, OpenLineageFacet>> = {},
): OpenLineageEvent {
  return {
    eventType,
    eventTime: new Date(at).toISOString(),
    run: { runId, facets: { ...(parent === undefined ? {} : { parent: parentFacet(parent) }), ...facets } },
    job,
    inputs: [...inputs.values()],
    outputs: [...outputs.values()],
    producer: PRODUCER,
    schemaURL: `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`,
  };
}

/** Names the run that has started another one, and the one at the top. */
function parentFacet(parent: LineageRun): OpenLineageFacet {
  let root = parent;
  while (root.parent !== undefined) root = root.parent;
  const named = ({ runId, job }: LineageRun) => ({ run: { runId }, job });
  return {
    ...facet('facets/1-1-0/ParentRunFacet.json#/$defs/ParentRunFacet'),
    ...named(parent),
    root: named(root),
  };
}

/** Says with a code why a run failed; messages may hold what must not leave. */
export function errorFacet(code: string): OpenLineageFacet {
  return {
    ...facet('facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet'),
    message: code,
    programmingLanguage: 'JAVASCRIPT',
  };
}

/** Says how many items have ended in which way. */
export function itemsFacet(outcomes: ReadonlyMap<string, number>): OpenLineageFacet {
  return { ...facet('2-0-2/OpenLineage.json#/$defs/RunFacet'), ...Object.fromEntries(outcomes) };
}

function facet(schema: string): OpenLineageFacet {
  return { _producer: PRODUCER, _schemaURL: `${SPEC}/${schema}` };
}
