import type { Database } from '../database/database.ts';
import { ApiError } from '../http/api-error.ts';
import type { PasswordHasher } from './password-hasher.ts';

export interface ProvePasswordDeps {
  readonly database: Database;
  readonly hasher: PasswordHasher;
}

/**
 * Resolves to the hash that the password of somebody who is signed in was proven by. Throws ApiError
 * `wrong_password`, and `busy` where too many are proven at a time.
 */
export async function provePassword(
  { database, hasher }: ProvePasswordDeps,
  userID: string,
  password: string,
): Promise<string> {
  const [row] = await database.query<{ password_hash: string }>('SELECT * FROM auth_read_password($1)', [
    userID,
  ]);
  if (!row || !(await hasher.verify(password, row.password_hash))) throw new ApiError('wrong_password');
  return row.password_hash;
}
