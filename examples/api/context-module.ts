import 'reflect-metadata';
import { Container } from 'inversify';
import { PipelineContext, PipelineRunner, type PipelineBuilder } from 'heirline';
import { contextModule } from 'heirline/inversify';

class Save {
  constructor(private readonly context: PipelineContext) {}

  write(item: string) {
    console.log(`${item} saved for ${this.context.run.requireTenant()}`);
  }
}

class Job {
  define(builder: PipelineBuilder) {
    builder.connect(builder.addSource(['an order']), builder.addSink(Save));
  }
}

const container = new Container();
container.load(contextModule()); // binds PipelineContext and RunContext
container
  .bind(Save)
  .toResolvedValue((context: PipelineContext) => new Save(context), [PipelineContext])
  .inTransientScope(); // a singleton would keep the first context

const runner = new PipelineRunner({ container });
for (const tenantId of ['acme', 'globex']) await runner.run(Job, { run: { tenantId } });

// prints
// an order saved for acme
// an order saved for globex
