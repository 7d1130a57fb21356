import { runPipeline, type PipelineBuilder, type StandardSchema } from 'heirline';
import { validate } from 'heirline/flow';

// A schema of zod, valibot or arktype looks like this, too.
const age: StandardSchema<unknown, number> = {
  '~standard': {
    version: 1,
    vendor: 'example',
    validate: (value) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'no number', path: ['age'] }] },
  },
};

class Ages {
  define(builder: PipelineBuilder) {
    const raw = builder.addSource<unknown>([39, 'old', 5]);
    const ages = builder.addStreamTransform(validate(age), { from: raw, errorPolicy: 'skip' });
    builder.addSink((years) => console.log(years + 1), { from: ages });
  }
}

await runPipeline(Ages);

// prints
// 40
// 6
