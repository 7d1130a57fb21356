import type { ItemTrace } from '../../lineage/item-trace.js';
import type { TimedCall } from '../../observability/node-meter.js';
import type { StreamSinkNode } from '../../nodes/stream-sink-node.js';
import { asNode } from '../execution/active-scopes.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { Handover } from './handover.js';
import { breakItem, endTrace } from '../stages/item-end.js';
import type { BreakableStream } from '../stages/item-end.js';
import { stopReason, StreamStage } from './stream-stage.js';
import type { OpenStream } from './stream-stage.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

type ConsumedStream = OpenStream & BreakableStream;

/** Passes the whole stream to a stream sink, which asks for the items. */
export class StreamSinkStage extends StreamStage<ConsumedStream> {
  protected override open(items: Handover): ConsumedStream {
    return { items, ended: Promise.resolve(), hasFailedItem: false };
  }

  protected override offer(
    execution: Execution,
    stream: ConsumedStream,
    item: unknown,
    trace: ItemTrace | undefined,
  ): Work {
    const meter = execution.run.readings?.meterIn(execution, this);
    let timed: TimedCall | undefined;
    // The code works on an item until it asks for the next one.
    const given = (): void => {
      if (meter?.isDue() === true) timed = meter.start();
    };
    return stream.items.push(item, meter && given).then((taken) => {
      timed?.stop();
      if (taken === 'aborted') return breakItem(execution, this, stream, trace);
      if (taken === 'refused') return this.refused(execution, trace);
      this.counter(execution).out += 1;
      const told = trace?.pass(this.site, execution.frame, 0, 1);
      return after(told, () => endTrace(execution, this, trace, 'emitted'));
    });
  }

  /** What the code does at the end of the stream, to write all at once perhaps, is a call too. */
  override end(execution: Execution): Work {
    const timed = execution.run.readings?.meterIn(execution, this)?.start();
    return after(super.end(execution), () => {
      timed?.stop();
    });
  }

  protected override async run(execution: Execution, { items }: ConsumedStream): Promise<void> {
    const wait = execution.run.waitAt(this.site.path);
    const unwatch = execution.onStop(() => {
      items.abort(stopReason(execution));
    });
    try {
      const target = this.state(execution) as Pick<StreamSinkNode<unknown>, 'consume'>;
      await asNode(execution, this.site.path, () => target.consume(items.reader(), this.view(execution)));
      items.close('consumed');
    } catch (thrown) {
      execution.fail(wholeNodeFailed(this.site.path, thrown, 'failed', execution.frame), this.site);
      items.abort(stopReason(execution));
      items.close('aborted');
    }
    unwatch();
    wait.end();
    this.completed(execution);
    await this.next.end(execution);
  }
}
