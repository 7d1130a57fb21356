import { runPipeline, type PipelineBuilder } from 'heirline';
import { statefulMap } from 'heirline/flow';

class Runs {
  define(builder: PipelineBuilder) {
    const letters = builder.addSource(['a', 'a', 'b']);
    const runs = builder.addStreamTransform(
      statefulMap(
        (run: string, letter: string) =>
          run === '' || run.startsWith(letter) ? [run + letter, []] : [letter, [run]],
        '',
        { finish: (run) => [run] },
      ),
      { from: letters },
    );
    builder.addSink((run) => console.log(run), { from: runs });
  }
}

await runPipeline(Runs);

// prints
// aa
// b
