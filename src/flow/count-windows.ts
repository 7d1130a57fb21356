import type { Emission, OperatorCore, Origin } from '../nodes/flow-operator.js';
import type { FlowKey, FoundKey } from '../nodes/flow-key.js';
import { leavesBefore, Pane } from './pane.js';
import type { WindowDesk } from './window-desk.js';
import type { CountSpec } from './window-kind.js';

/** The windows of one key. */
interface CountedKey {
  /** How many items have come since the latest window began. */
  since: number;
  readonly open: OpenCount[];
}

interface OpenCount {
  readonly pane: Pane;
  items: number;
}

/** Windows of a number of items. */
export class CountWindows implements OperatorCore {
  readonly #keys = new Map<FoundKey, CountedKey>();

  constructor(
    private readonly desk: WindowDesk,
    private readonly spec: CountSpec,
  ) {}

  push(item: unknown, origin: Origin): Emission {
    const { desk, spec } = this;
    const { gathering } = desk;
    const { key, found } = desk.read(item, origin, 0);
    const known = this.#keys.get(found);
    if (known === undefined) desk.checkRoom(this.#keys.size);
    const begins = known === undefined || known.since === spec.every;
    // Each step may throw: nothing changes before all have been made.
    const steps = (known?.open ?? []).map(({ pane }) => gathering.step(pane.held, item));
    const first = begins ? gathering.step(gathering.begin(), item) : undefined;
    const counted = known ?? { since: 0, open: [] };
    if (known === undefined) this.#keys.set(found, counted);
    if (begins) {
      counted.since = 0;
      counted.open.push(this.#opened(key, first));
      steps.push(first);
    }
    counted.since += 1;
    counted.open.forEach((window, at) => {
      window.items += 1;
      window.pane.held = steps[at];
      gathering.keep(steps[at], item);
      window.pane.note(origin, at === 0);
    });
    const eldest = counted.open[0];
    if (eldest === undefined || eldest.items < spec.count) return undefined;
    counted.open.shift();
    // A key without a window begins anew.
    if (counted.open.length === 0 && counted.since === spec.every) this.#keys.delete(found);
    return desk.leave([eldest.pane]);
  }

  end(): Emission {
    const left = [...this.#keys.values()].flatMap(({ open }) => open.map(({ pane }) => pane));
    this.#keys.clear();
    left.sort((one, other) => (leavesBefore(one, other) ? -1 : 1));
    if (this.spec.partial) return this.desk.leave(left);
    for (const { own } of left) {
      const { items, origins } = own.take();
      void this.desk.port.filter(origins, items);
    }
    return undefined;
  }

  #opened(key: FlowKey, held: unknown): OpenCount {
    const overlaps = this.spec.count > this.spec.every;
    return { pane: new Pane(key, this.desk.nextPlace(), undefined, undefined, held, overlaps), items: 0 };
  }
}
