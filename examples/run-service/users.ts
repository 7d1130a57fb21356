/** Who may use the service. */
export interface User {
  readonly name: string;
  readonly company: string;
}

const users: ReadonlyMap<string, User> = new Map([
  ['token-of-ada', { name: 'Ada', company: 'acme' }],
  ['token-of-grace', { name: 'Grace', company: 'acme' }],
  ['token-of-ida', { name: 'Ida', company: 'initech' }],
]);

/** Whose token a header holds. */
export function userOf(authorization: string | null): User | undefined {
  return users.get(authorization?.replace(/^Bearer /, '') ?? '');
}
