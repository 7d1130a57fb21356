import { mapSecrets, runPipeline, type PipelineBuilder } from 'heirline';

class Call {
  define(builder: PipelineBuilder) {
    builder.addSink(
      async (item: number, { run }) => {
        const key = await run.secrets.get('API_KEY'); // the provider is asked once
        console.log(item, key.reveal().length);
      },
      { name: 'call', from: builder.addSource([1, 2]) },
    );
  }
}

const { context } = await runPipeline(Call, { run: { secrets: mapSecrets({ API_KEY: 'open sesame' }) } });
for (const { name, path } of context.run.secrets.audit()) console.log(`${name} was read at ${path}`);

// prints
// 1 11
// 2 11
// API_KEY was read at Call/call
// API_KEY was read at Call/call
