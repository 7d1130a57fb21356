import { RunManager, type PipelineBuilder } from 'heirline';

class Count {
  define(builder: PipelineBuilder) {
    const numbers = builder.addSource([1, 2, 3], 'numbers');
    builder.addSink(() => undefined, { name: 'count', from: numbers });
  }
}

const manager = new RunManager();
const [lake, hill] = [manager.forTenant('lake'), manager.forTenant('hill')];
const run = await lake.start(Count, { threadId: 'monday' });
console.log((await lake.wait(run.id)).tenantId);

// Nobody else can see it, or cancel it.
console.log(await hill.get(run.id), await hill.cancel(run.id), (await hill.list()).length);
await manager.close();

// prints
// lake
// undefined unknown 0
