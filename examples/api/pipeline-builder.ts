import { PipelineBuilder } from 'heirline';

const builder = new PipelineBuilder(); // or the one that `define` is given
const prices = builder.addSource([3, 12, 40], 'prices');
const euros = builder.addTransform((price) => `${price} EUR`, { name: 'label', from: prices }); // `from` connects
const print = builder.addSink((line: string) => console.log(line), 'print');
builder.connect(euros, print); // as does `connect`

const graph = builder.build();
console.log(graph.edges.map(({ from, to }) => `${from} -> ${to}`).join(', '));

// prints
// prices -> label, label -> print
