import type { PageStatements } from './letter-statements.js';
import { placeOfLetter } from './letter-row.js';
import type { SqlRow, SqlValues, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';

/** How many letters are read at once, and about how many characters: a reader needs room for no more. */
const PAGE_LETTERS = 200;
const PAGE_CHARACTERS = 1_000_000;

/** The rows of the next letters behind a place, one at least; none at the end. */
export function* nextLetters(
  { sizes, letters }: PageStatements,
  range: SqlValues & { readonly after: number; readonly upTo: number },
): Steps<readonly SqlRow[]> {
  const next = yield sizes.with({ ...range, limit: PAGE_LETTERS });
  let upTo: number | undefined;
  let characters = 0;
  for (const row of next) {
    characters += new StoredRow(row, 'a dead letter').number('size');
    if (upTo !== undefined && characters > PAGE_CHARACTERS) break;
    upTo = placeOfLetter(row);
  }
  return upTo === undefined ? [] : yield letters.with({ ...range, upTo });
}
