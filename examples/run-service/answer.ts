import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineBuilder, PipelineContext } from 'heirline';

/** Answers one question of a conversation; stands for something that takes its time, such as a model. */
export class Answer {
  define(builder: PipelineBuilder): void {
    const questions = builder.addSource(
      ({ parameters }: PipelineContext) => [parameters.require<string>('question')],
      'question',
    );
    const answers = builder.addTransform(think, { name: 'think', from: questions });
    builder.addSink(remember, { name: 'remember', from: answers });
  }
}

async function think(question: string, { parameters, signal, run }: PipelineContext): Promise<string> {
  // Kept for now; of a run that does not succeed nothing stays.
  run.session.set('thinking about', question);
  await sleep(parameters.get<number>('takesMs') ?? 0, undefined, { signal });
  run.session.set('thinking about', 'nothing');
  return question.toUpperCase();
}

function remember(answer: string, { run }: PipelineContext): void {
  const turns = run.session.get<string[]>('turns') ?? [];
  run.session.set('turns', [...turns, `${String(run.principal?.['user'])}: ${answer}`]);
}
