import type { PipelineContextOptions, Session, SessionState } from 'heirline';

/** Counts one up in a session. */
export function increment(session: Session, key = 'count'): Session {
  return session.update<number | undefined>(key, (count) => (count ?? 0) + 1);
}

/** The options of a run of one conversation. */
export function withSession(session: SessionState): PipelineContextOptions {
  return { run: { session } };
}
