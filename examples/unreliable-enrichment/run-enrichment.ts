import { join } from 'node:path';
import { FileDeadLetterSink, PipelineRunner, replayDeadLetters } from 'heirline';
import type { CircuitStatus, DeadLetterEnvelope, ReplayTally } from 'heirline';
import { readFilmFile } from './film-file.js';
import type { RatedFilm } from './film.js';
import { FilmsPipeline } from './films-pipeline.js';
import { ServiceUrl } from './rating-pipeline.js';
import { RatingServer, type MoodOf } from './rating-server.js';

/** What the night, or the morning, has come to. */
interface Outcome {
  readonly rated: readonly RatedFilm[];
  /** What is in the dead-letter file then. */
  readonly letters: readonly DeadLetterEnvelope[];
}

export interface EnrichmentOutcome {
  /** How many films the file holds. */
  readonly films: number;
  readonly night: Outcome & {
    readonly requests: RatingServer['requests'];
    readonly circuits: readonly CircuitStatus[];
  };
  readonly morning: Outcome & { readonly tally: ReplayTally };
}

/** The last film before the service goes down. */
const lastFilm = 2_800;

/** Every 500th film fails the first time, every 1,000th is not answered the first time. */
const badNight: MoodOf = (film, isAgain) => {
  if (film > lastFilm) return 'is down';
  if (isAgain || film % 500 > 0) return 'works';
  return film % 1_000 > 0 ? 'fails' : 'stalls';
};

/** Rates all films at night, when the service is bad, and what is left in the morning; the folder gets the dead letters. */
export async function runEnrichment(folder: string): Promise<EnrichmentOutcome> {
  const { films, ratings } = await readFilmFile();
  const server = await RatingServer.start({ ratings, mood: badNight, restAfter: 1_250 });
  try {
    const rated: RatedFilm[] = [];
    const deadLetterSink = new FileDeadLetterSink({ path: join(folder, 'dead-letters.ndjson') });
    const definition = new FilmsPipeline(films, (film) => rated.push(film));
    const outcome = async (): Promise<Outcome> => {
      const letters: DeadLetterEnvelope[] = [];
      for await (const letter of deadLetterSink.read()) letters.push(letter);
      return { rated: rated.splice(0), letters };
    };

    const runner = new PipelineRunner();
    await runner.run(definition, { parameters: [[ServiceUrl, server.url]], deadLetterSink });
    const night = {
      ...(await outcome()),
      requests: { ...server.requests },
      circuits: runner.circuits(),
    };

    server.mood = () => 'works';
    // A runner of its own, whose circuit is closed; should the service not be up, five letters tell, and the rest stay.
    const tally = await replayDeadLetters(deadLetterSink, { definition, concurrency: 4, stopAfter: 5 });
    return { films: films.length, night, morning: { ...(await outcome()), tally } };
  } finally {
    await server.close();
  }
}
