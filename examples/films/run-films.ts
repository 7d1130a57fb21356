import { readFile } from 'node:fs/promises';
import { MemoryDeadLetterSink, runPipeline, type DeadLetterEnvelope, type RunResult } from 'heirline';
import { FilmsPipeline } from './films-pipeline.js';
import type { CleanFilm, RawFilm } from './film.js';
import { RepairLog, type Repair } from './repairs.js';

export interface FilmsOutcome {
  readonly result: RunResult;
  readonly films: readonly CleanFilm[];
  readonly repairs: readonly Repair[];
  readonly deadLetters: readonly DeadLetterEnvelope[];
}

const file = new URL('../data/movies.json', import.meta.url);

/** Cleans the films in `examples/data/movies.json`. */
export async function runFilms(): Promise<FilmsOutcome> {
  const raw = JSON.parse(await readFile(file, 'utf8')) as RawFilm[];
  const films: CleanFilm[] = [];
  const repairs = new RepairLog();
  const deadLetters = new MemoryDeadLetterSink();

  const result = await runPipeline(new FilmsPipeline(raw, (film) => films.push(film)), {
    parameters: { newestYear: 2011 },
    items: { repairs },
    deadLetterSink: deadLetters,
  });
  return { result, films, repairs: repairs.all, deadLetters: deadLetters.envelopes };
}
