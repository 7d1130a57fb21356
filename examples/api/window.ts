import { runPipeline, type PipelineBuilder } from 'heirline';
import { tumbling, window } from 'heirline/flow';

interface Reading {
  readonly at: Date;
  readonly degrees: number;
}

class PerHour {
  define(builder: PipelineBuilder) {
    const readings = builder.addSource<Reading>([
      { at: new Date('2026-03-01T10:05Z'), degrees: 4 },
      { at: new Date('2026-03-01T11:10Z'), degrees: 7 },
      { at: new Date('2026-03-01T10:50Z'), degrees: 6 },
    ]);
    const hours = builder.addStreamTransform(
      window(tumbling({ ms: 3_600_000 }), { time: (item: Reading) => item.at, latenessMs: 3_600_000 }),
      { from: readings },
    );
    builder.addSink(
      ({ start, items }) =>
        console.log(
          new Date(start).toISOString(),
          items.map(({ degrees }) => degrees),
        ),
      { from: hours },
    );
  }
}

await runPipeline(PerHour);

// prints
// 2026-03-01T10:00:00.000Z [ 4, 6 ]
// 2026-03-01T11:00:00.000Z [ 7 ]
