import { pipeline, type PipelineBuilder, type PipelineContext, type PipelineDefinition } from 'heirline';
import { FilmError } from './film-error.js';
import type { RawFilm, TitledFilm } from './film.js';
import { Repairs } from './repairs.js';

/** Gives a film a title that is a text, spelt as it was meant. */
@pipeline({ name: 'title', requires: { items: [Repairs] } })
export class TitlePipeline implements PipelineDefinition<RawFilm, TitledFilm> {
  define(builder: PipelineBuilder<RawFilm, TitledFilm>): void {
    const input = builder.addCompositeInput();
    const text = builder.addTransform(readTitle, { name: 'text', from: input });
    const letters = builder.addTransform(restoreLetters, { name: 'letters', from: text });
    const article = builder.addTransform(moveArticle, { name: 'article', from: letters });
    builder.connect(article, builder.addCompositeOutput());
  }
}

/** A spreadsheet took the film 1776 for a number. */
function readTitle(raw: RawFilm, context: PipelineContext): TitledFilm {
  const title = raw['Title'];
  if (typeof title === 'string') return { title, raw };
  if (typeof title !== 'number') throw new FilmError('TITLE_MISSING', 'The film has no title.');
  context.items.require(Repairs).note('number as title', String(title), `'${title}'`);
  return { title: String(title), raw };
}

/** Windows letters that were read as if a Macintosh had written them. */
const letterFor: Readonly<Record<string, string>> = {
  '·': 'á',
  '‡': 'à',
  '‰': 'ä',
  È: 'é',
  Ë: 'è',
  Í: 'ê',
  Î: 'ë',
  Û: 'ó',
  Ù: 'ô',
  '˘': 'ù',
  Ω: '½',
  Ö: '…',
};

function restoreLetters(film: TitledFilm, context: PipelineContext): TitledFilm {
  const title = film.title.replace(/[^\0-\x7f]/g, (letter) => letterFor[letter] ?? letter);
  if (title === film.title) return film;
  context.items.require(Repairs).note('garbled letters', film.title, title);
  return { ...film, title };
}

/** 'Secret, The' is sorted well and reads badly. */
function moveArticle(film: TitledFilm, context: PipelineContext): TitledFilm {
  const title = film.title.replace(/^(.+), (The|Les)$/, '$2 $1');
  if (title === film.title) return film;
  context.items.require(Repairs).note('article at the end', film.title, title);
  return { ...film, title };
}
