import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import { listErasures, OtherErasureKey, replayErasures, WrongErasureList } from '../erasures/erasure-list.ts';
import { emailAddressSchema } from '../identity/email-address.ts';
import type { PasswordHasher } from '../identity/password-hasher.ts';
import { type LinkRequest, linkRequestSchema, type MailLinkDeps, mintLink } from '../mail/mail-links.ts';

/** `database` is of the worker role. */
export interface CommandDeps extends MailLinkDeps {
  readonly hasher: PasswordHasher;
}

/** What was asked cannot be done; the message is for whoever asked. */
export class CommandRefused extends OperatingError {
  constructor(message: string) {
    super('command_refused', message);
  }
}

export const USAGE = `Commands:
  make-staff EMAIL               give the account the rights of platform staff; make it where there is none
  remove-staff EMAIL             take them away again
  show-link verify-email EMAIL   a new link, as it would be mailed
  show-link reset-password EMAIL
  show-link invitation ID
  signup on|off REASON           switch self-service signup, on every replica at once
  list-erasures                  the erasures of callers, to be kept beside each backup
  replay-erasures FILE           erase them again in a database that was restored
`;

/** Does one command; resolves to what is to be printed. Throws CommandRefused. */
export async function runCommand(
  deps: CommandDeps,
  [command = '', ...args]: readonly string[],
): Promise<string> {
  const [first = '', ...rest] = args;
  switch (command) {
    case 'make-staff':
      return makeStaff(deps, addressOf(first));
    case 'remove-staff':
      return removeStaff(deps, addressOf(first));
    case 'show-link':
      return showLink(deps, first, rest[0] ?? '');
    case 'signup':
      return switchSignup(deps, first, rest.join(' '));
    case 'list-erasures':
      return listErasures(deps.database);
    case 'replay-erasures':
      return replayFile(deps, first);
    default:
      throw new CommandRefused(USAGE);
  }
}

async function makeStaff(deps: CommandDeps, email: string): Promise<string> {
  await assertVerified(deps, email);
  if (await setStaff(deps, email, true)) return `${email} is staff now.`;
  // Nobody knows this password: the link below sets one.
  const hash = await deps.hasher.hash(randomBytes(32).toString('base64url'));
  const userID = randomUUID();
  await deps.database.query(
    `INSERT INTO users (user_id, email, name, password_hash, is_staff) VALUES ($1, $2, 'Staff', $3, true)`,
    [userID, email, hash],
  );
  const link = await linkFor(deps, { mail: 'ResetPassword', id: userID });
  return `${email} is staff now. The account was made; its password is set here, within an hour:\n${link}`;
}

/** Anybody may have signed up with an address that is not theirs. */
async function assertVerified({ database }: CommandDeps, email: string): Promise<void> {
  const [row] = await database.query<{ verified: boolean }>(
    'SELECT email_verified_at IS NOT NULL AS verified FROM users WHERE email = $1',
    [email],
  );
  if (!row || row.verified) return;
  throw new CommandRefused(
    `Nobody has proven yet that ${email} is theirs. Have whoever owns the address reset the password by the link of ` +
      `"show-link reset-password ${email}", which ends whatever a stranger has left there; then try again.`,
  );
}

async function removeStaff(deps: CommandDeps, email: string): Promise<string> {
  if (!(await setStaff(deps, email, false))) throw noAccount(email);
  return `${email} is staff no more.`;
}

/** Whether there is such an account. */
async function setStaff({ database }: CommandDeps, email: string, isStaff: boolean): Promise<boolean> {
  const rows = await database.query('UPDATE users SET is_staff = $2 WHERE email = $1 RETURNING user_id', [
    email,
    isStaff,
  ]);
  return rows.length > 0;
}

const LINKS: Readonly<Record<string, LinkRequest['mail']>> = {
  'verify-email': 'VerifyEmail',
  'reset-password': 'ResetPassword',
  invitation: 'Invitation',
};

async function showLink(deps: CommandDeps, kind: string, of: string): Promise<string> {
  const mail = LINKS[kind];
  if (!mail) throw new CommandRefused(USAGE);
  const id = mail === 'Invitation' ? of : await userIDOf(deps, addressOf(of));
  const request = linkRequestSchema.safeParse({ mail, id });
  if (!request.success) throw new CommandRefused(`${of} is not the id of an invitation.`);
  return linkFor(deps, request.data);
}

async function linkFor(deps: CommandDeps, request: LinkRequest): Promise<string> {
  const link = await mintLink(deps, request);
  if (link) return link.url;
  throw new CommandRefused(
    'There is no link to show: it is not needed (any more), or five were made within the hour.',
  );
}

async function userIDOf({ database }: CommandDeps, email: string): Promise<string> {
  const [row] = await database.query<{ user_id: string }>('SELECT user_id FROM users WHERE email = $1', [
    email,
  ]);
  if (!row) throw noAccount(email);
  return row.user_id;
}

async function switchSignup({ database }: CommandDeps, wanted: string, reason: string): Promise<string> {
  if ((wanted !== 'on' && wanted !== 'off') || reason === '') throw new CommandRefused(USAGE);
  await database.query(
    `INSERT INTO platform_switches (name, is_on, reason) VALUES ('signup', $1, $2)
     ON CONFLICT (name) DO UPDATE SET
       is_on = excluded.is_on, reason = excluded.reason, changed_by = NULL, changed_at = now()`,
    [wanted === 'on', reason],
  );
  return `Signup is ${wanted}.`;
}

async function replayFile({ database }: CommandDeps, file: string): Promise<string> {
  const list = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandRefused(`The list of erasures cannot be read: ${messageOf(error)}`);
  });
  try {
    return `${await replayErasures(database, list)} erasures hold.`;
  } catch (error) {
    const isTheirs = error instanceof WrongErasureList || error instanceof OtherErasureKey;
    throw isTheirs ? new CommandRefused(error.message) : error;
  }
}

function addressOf(text: string): string {
  const parsed = emailAddressSchema.safeParse(text);
  if (!parsed.success) throw new CommandRefused(`${text === '' ? 'Nothing' : text} is no e-mail address.`);
  return parsed.data;
}

function noAccount(email: string): CommandRefused {
  return new CommandRefused(`There is no account for ${email}.`);
}
