import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { LocalError } from './local-error.ts';

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** A user of this machine that a program which refuses root can run as: `postgres`, or else `nobody`. */
export function unprivilegedUser(): UnprivilegedUser {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new LocalError(
    'no_unprivileged_user',
    'Postgres refuses to run as root and this machine has neither a user "postgres" nor "nobody": run this as an ordinary user.',
  );
}

/** Whether every user can enter `directory`. */
export function isReachableByAll(directory: string): boolean {
  const everyoneMayEnter = 0o001;
  for (let path = directory; ; path = dirname(path)) {
    if ((statSync(path).mode & everyoneMayEnter) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
