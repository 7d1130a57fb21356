import { RunManager, type PipelineBuilder, type PipelineContext } from 'heirline';

class Answer {
  define(builder: PipelineBuilder) {
    const questions = builder.addSource(['What is a heirline?'], 'questions');
    builder.addSink(
      (question: string, context: PipelineContext) => {
        const asked = context.run.session.get<readonly string[]>('asked') ?? [];
        context.run.session.set('asked', [...asked, question]);
      },
      { name: 'answer', from: questions },
    );
  }
}

const manager = new RunManager();
const first = await manager.start(Answer, { threadId: 'conversation-7' });
const second = await manager.start(Answer, { threadId: 'conversation-7', strategy: 'enqueue' });
console.log(first.record.status, second.record.status);

await second.result;
console.log((await manager.get(first.id))?.status, await manager.session('conversation-7'));
console.log(await manager.cancel(first.id));
await manager.close();

// prints
// running pending
// success { asked: [ 'What is a heirline?', 'What is a heirline?' ] }
// not_cancellable
