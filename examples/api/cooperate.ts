import { cooperate } from 'heirline';

const stop = new AbortController();
setTimeout(() => stop.abort(new Error('enough')), 20); // fires although the loop never ends

const pause = cooperate(stop.signal);
let rounds = 0;
try {
  for (;;) {
    rounds += 1;
    await pause(); // lets timers and other work go on every 10 ms, and throws when the signal aborts
  }
} catch (error) {
  console.log(String(error), rounds > 0);
}

// prints
// Error: enough true
