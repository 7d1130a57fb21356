import { mapSecrets, runPipeline, SecretNotFoundError, type PipelineBuilder } from 'heirline';

class Mail {
  define(builder: PipelineBuilder) {
    builder.addSink(
      async (_item: number, { run }) => {
        const key = await run.secrets.get('MAIL_KEY').catch((error: unknown) => {
          if (error instanceof SecretNotFoundError) console.log(error.code, error.secretName, error.path);
          return undefined; // go on without
        });
        console.log(key);
      },
      { name: 'send', from: builder.addSource([1]) },
    );
  }
}

await runPipeline(Mail, { run: { secrets: mapSecrets({ API_KEY: 'open sesame' }) } });

// prints
// SECRET_NOT_FOUND MAIL_KEY Mail/send
// undefined
