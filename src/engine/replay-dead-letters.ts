import { checkReplay } from './replay-options.js';
import type { ReplayOptions } from './replay-options.js';
import type { ReplayableDeadLetterSink } from '../ports/dead-letter-sink.js';
import { PipelineRunner, partsOf } from './pipeline-runner.js';
import { Replay } from './replay.js';
import type { ReplayTally } from './replay.js';

/**
 * Runs dead letters again, each in a run of its own, and notes in the sink what came of it.
 *
 * An item enters at the node or composite whose policy gave it up; the nodes behind run, sources stay closed. A letter
 * that succeeds is not read again; one that fails again stays, with its tries and the replay noted in it. Two replays at
 * once share the letters: each claims a letter before it runs. A claim ends after ten minutes, so that after a crash an
 * item may run twice. New dead letters go into the same sink: one that replaces its original keeps its id.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`; `REPLAY_INCOMPATIBLE` or `CONTEXT_REQUIREMENT_UNMET` before any letter
 * is claimed; `RUN_CANCELLED` when the signal, the time limit or the run around ends it; `SINK_REJECTED` when the sink
 * fails. From the first claim on the error's `tally` says how far it came.
 *
 * @example
 * {@includeCode ../../examples/api/replay-dead-letters.ts}
 */
export async function replayDeadLetters(
  sink: ReplayableDeadLetterSink,
  options: ReplayOptions,
): Promise<ReplayTally> {
  checkReplay(sink, options);
  return await new Replay(sink, options, partsOf(options.runner ?? new PipelineRunner())).run();
}
