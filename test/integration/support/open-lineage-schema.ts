import { z } from 'zod';

// What https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets named below ask of an event.

const facet = z.looseObject({ _producer: z.url(), _schemaURL: z.url() });
const job = z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) });
const ofRun = z.strictObject({ runId: z.guid() });
const dataset = z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) });

/** https://openlineage.io/spec/facets/1-1-0/ParentRunFacet.json */
const parentFacet = facet.extend({ run: ofRun, job, root: z.strictObject({ run: ofRun, job }) });

/** https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json */
const errorFacet = facet.extend({ message: z.string(), programmingLanguage: z.string() });

/** A run event of OpenLineage. */
export const openLineageRunEvent = z.strictObject({
  eventType: z.enum(['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER']),
  eventTime: z.iso.datetime(),
  run: z.strictObject({
    runId: z.guid(),
    facets: z.object({ parent: parentFacet.optional(), errorMessage: errorFacet.optional() }).catchall(facet),
  }),
  job,
  inputs: z.array(dataset),
  outputs: z.array(dataset),
  producer: z.url(),
  schemaURL: z.literal('https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent'),
});
