import { currentContext, runDetached, runPipeline, type PipelineBuilder } from 'heirline';

let pool: Promise<string> | undefined; // shared by all runs

async function connect() {
  return `a pool of ${currentContext()?.run.tenantId ?? 'nobody'}`;
}

class Query {
  define(builder: PipelineBuilder) {
    // Opened inside the first run, it would belong to that run's tenant for ever.
    const query = async (sql: string) => console.log(sql, 'on', await (pool ??= runDetached(connect)));
    builder.addSink(query, { from: builder.addSource(['select 1']) });
  }
}

await runPipeline(Query, { run: { tenantId: 'acme' } });

// prints
// select 1 on a pool of nobody
