import { mapSecrets, runPipeline, type PipelineBuilder } from 'heirline';

class Fetch {
  define(builder: PipelineBuilder) {
    builder.addSink(
      async (page: string, { run }) => {
        const key = await run.secrets.get('API_KEY');
        console.log(page, run.requireTenant(), run.correlationId, String(key));
      },
      { from: builder.addSource(['page 1']) },
    );
  }
}

await runPipeline(Fetch, {
  run: { tenantId: 'acme', correlationId: 'request 7', secrets: mapSecrets({ API_KEY: 'open sesame' }) },
});

// prints
// page 1 acme request 7 [secret]
