/** Who may use the service. */
export interface User {
  readonly name: string;
  readonly company: string;
  readonly token: string;
}

export const ada: User = { name: 'Ada', company: 'acme', token: 'token-of-ada' };
export const grace: User = { name: 'Grace', company: 'acme', token: 'token-of-grace' };
export const ida: User = { name: 'Ida', company: 'initech', token: 'token-of-ida' };

/** Whose token a header holds. */
export function userOf(authorization: string | null): User | undefined {
  return [ada, grace, ida].find(({ token }) => authorization === `Bearer ${token}`);
}
