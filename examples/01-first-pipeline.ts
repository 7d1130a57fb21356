// A pipeline is a class that describes a graph: sources, transforms and sinks, connected to each other.
// `define` does no work; the work starts when the pipeline is run.
import { runPipeline, SKIP, type PipelineBuilder, type PipelineDefinition } from 'heirline';

class Greetings implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    const names = builder.addSource(['Ada', '', 'Grace', 'Edsger'], 'names');
    const greet = builder.addTransform((name) => (name === '' ? SKIP : `Hello, ${name}!`), {
      name: 'greet',
      from: names, // connects, and types `name`
    });
    const print = builder.addSink((line: string) => {
      console.log(line);
    }, 'print');

    builder.connect(greet, print);
  }
}

const { status, nodes } = await runPipeline(Greetings);

// Every item is accounted for: in = out + filtered + dead-lettered + failed + cancelled.
console.log(`\nThe run ${status}.`);
for (const [path, counts] of nodes) {
  console.log(`${path.padEnd(16)} in ${counts.in}, out ${counts.out}, filtered ${counts.filtered}`);
}
