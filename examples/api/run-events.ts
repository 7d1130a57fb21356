import { errorPolicy, PipelineRunner, type PipelineBuilder } from 'heirline';
import { RunEvents } from 'heirline/events';

let calls = 0;
const send = () => {
  calls += 1;
  if (calls === 1) throw new Error('down');
};

class Orders {
  define(builder: PipelineBuilder) {
    const orders = builder.addSource([1, 2], 'orders');
    builder.addSink(send, {
      name: 'send',
      from: orders,
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2 } } }),
    });
  }
}

const events = new RunEvents();
events.once('nodeCompleted', ({ path, outcome }) => console.log(path, outcome));
const stop = events.on('itemRetried', ({ path, attempt }) => console.log(`${path}: try ${attempt}`));
await new PipelineRunner({ executionObserver: events }).run(Orders);
stop();

// prints
// Orders/send: try 2
// Orders/orders succeeded
