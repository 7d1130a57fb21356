import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { CLAIM_MS } from '../resilience/letter-claims.js';
import type { SqlDialect } from './sql-dialect.js';
import { slot, Statement } from './statement.js';

/** How many letters one statement drops: neither the database nor the process is held up for long. */
export const DROP_STEP = 500;

/** The columns of the fields by which letters are read. */
const fieldKeys = { path: 'path_key', runId: 'run_key' } as const;

/** The statements about dead letters, compiled once for a sink. */
export type LetterStatements = ReturnType<typeof letterStatements>;

/** The statements that read the letters which have certain fields. */
export type PageStatements = ReturnType<LetterStatements['pages']>;

/** Compiles the statements about dead letters for a database. */
export function letterStatements({ compiler, now, nextPlace, hasRowLocks }: SqlDialect) {
  const letters = compiler.selectFrom('heirline_dead_letters');
  const changed = compiler.updateTable('heirline_dead_letters').where('letter_key', '=', slot('letterKey'));
  const at = moment('at');
  const isClaimant = sql<boolean>`claimed_by = ${slot('runId')}`;
  /** Drops letters, the eldest first; others that do so beside this one take other letters. */
  const drop = (order: 'position' | 'written_at', condition: RawBuilder<boolean>): Statement =>
    new Statement(
      compiler
        .deleteFrom('heirline_dead_letters')
        .where(
          'position',
          'in',
          letters
            .select('position')
            .where(condition)
            .orderBy(order)
            .limit(sql.lit(DROP_STEP))
            .$if(hasRowLocks, (query) => query.forUpdate().skipLocked()),
        )
        .returning('position'),
    );
  return {
    /** Adds a letter at the end; of one with the same id the claim alone stays. */
    write: new Statement(
      compiler
        .insertInto('heirline_dead_letters')
        .values({
          letter_key: slot('letterKey'),
          path: slot('path'),
          path_key: slot('pathKey'),
          run_id: slot('runId'),
          run_key: slot('runKey'),
          written_at: now,
          size: slot<number>('size'),
          letter: slot('letter'),
          marks: sql<string>`''`,
        })
        .onConflict((conflict) =>
          conflict.column('letter_key').doUpdateSet({
            position: nextPlace,
            path: sql.ref<string>('excluded.path'),
            path_key: sql.ref<string>('excluded.path_key'),
            run_id: sql.ref<string>('excluded.run_id'),
            run_key: sql.ref<string>('excluded.run_key'),
            written_at: sql.ref<number>('excluded.written_at'),
            size: sql.ref<number>('excluded.size'),
            letter: sql.ref<string>('excluded.letter'),
            marks: sql.ref<string>('excluded.marks'),
          }),
        ),
      'written',
    ),
    /** Claims a letter, where no fresh claim keeps it. */
    claim: new Statement(
      changed
        .set({ claimed_at: at, claimed_by: slot('runId') })
        .where(sql<boolean>`(claimed_at is null or ${at} - claimed_at >= ${sql.lit(CLAIM_MS)})`),
      'written',
    ),
    /** Notes the end of a replay, and frees the letter where it is that of the run which holds the claim. */
    note: new Statement(
      changed.set({
        marks: sql<string>`marks || ${slot('mark')}`,
        claimed_at: sql<number | null>`case when ${isClaimant} then null else claimed_at end`,
        claimed_by: sql<string | null>`case when ${isClaimant} then null else claimed_by end`,
      }),
      'written',
    ),
    remove: new Statement(
      compiler.deleteFrom('heirline_dead_letters').where('letter_key', '=', slot('letterKey')),
      'written',
    ),
    /** The place of the latest letter; no row where there is none. */
    last: new Statement(letters.select('position').orderBy('position', 'desc').limit(1), 'row'),
    /** The place of the eldest letter but so many. */
    beyond: new Statement(
      letters.select('position').orderBy('position', 'desc').limit(1).offset(slot<number>('count')),
      'row',
    ),
    dropUpTo: drop('position', sql<boolean>`position <= ${place('upTo')}`),
    dropOlder: drop('written_at', sql<boolean>`written_at < ${now} - ${moment('ageMs')}`),
    pages,
  };

  /** Compiles the statements that read letters by some of the fields, behind one place and up to another one. */
  function pages(fields: readonly (keyof typeof fieldKeys)[]) {
    const chosen = fields
      .reduce((query, field) => query.where(fieldKeys[field], '=', slot(field)), letters)
      .where('position', '>', place('after'))
      .where('position', '<=', place('upTo'))
      .orderBy('position');
    return {
      /** How large the next letters are. */
      sizes: new Statement(chosen.select(['position', 'size']).limit(slot<number>('limit'))),
      letters: new Statement(chosen.select(['position', 'letter', 'marks'])),
    };
  }
}

function moment(name: string): RawBuilder<number> {
  return sql`cast(${slot(name)} as double precision)`;
}

function place(name: string): RawBuilder<number> {
  return sql`cast(${slot(name)} as bigint)`;
}
