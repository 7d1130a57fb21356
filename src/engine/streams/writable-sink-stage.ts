import { isInstanceOf } from '../../data/foreign-value.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { WritableSink } from '../../nodes/writable-sink.js';
import { wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import type { NodeCode } from '../stages/node-code.js';
import { SinkStage } from '../stages/sink-stage.js';
import type { StageSite } from '../execution/stage-site.js';
import type { Work } from '../execution/work.js';
import { WrittenStream } from './written-stream.js';

/** Writes items to a Node or web stream. */
export class WritableSinkStage extends SinkStage {
  constructor(
    site: StageSite,
    code: NodeCode,
    readonly stream: WritableSink<unknown>,
  ) {
    super(site, undefined, code, undefined);
  }

  /** Begins to listen to the stream; if it accepts no more data, the execution fails. Never throws or rejects. */
  attach(execution: Execution): Work {
    const { run } = execution;
    const failed = (thrown: unknown): void => {
      execution.fail(wholeNodeFailed(this.site.path, thrown, 'failed'), this.site);
    };
    try {
      const written = WrittenStream.of(run, this.stream, this.site);
      this.setState(execution, written);
      const opened = written.attach(execution, this.site);
      if (opened !== undefined) return opened.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
    return undefined;
  }

  /** Makes an error of `write` fail the execution. A broken stream concerns all items, so no error policy decides. */
  protected override failureOf(execution: Execution, thrown: unknown): PipelineError {
    return wholeNodeFailed(this.site.path, thrown, 'failed', execution.frame);
  }

  /** Detaches one execution from the stream; the stream itself is ended at the end of the run. */
  override flush(execution: Execution): undefined {
    const target = this.flushed(execution);
    if (isInstanceOf(target, WrittenStream)) target.detach(execution);
    return undefined;
  }
}
