import { LocalError } from '#hack/local/local-error.ts';

const PASSWORD = 'SecureP@ss123';
const TIMEOUT_MS = 60_000;
/** What the server answers while as many passwords as it lets wait are waiting. */
const BUSY = 503;

export interface Person {
  readonly email: string;
  readonly tenantID: string;
  /** Resolves to a new access token. */
  readonly logIn: () => Promise<string>;
}

/** Signs a company up; throws a LocalError where it is not. */
export async function signUp(url: string, email: string): Promise<Person> {
  const body = { email, password: PASSWORD, name: 'Jane Smith', companyName: 'Acme' };
  const reply = await post(url, '/api/auth/signup', body);
  const { tenant } = (await expected(reply, 201)) as { tenant: { id: string } };
  return {
    email,
    tenantID: tenant.id,
    logIn: async () => (await logIn(url, email)).token,
  };
}

export interface Login {
  readonly token: string;
  /** How often the server was busy before. */
  readonly refused: number;
}

/** Logs in, again after as long as the server says while it is busy. */
export async function logIn(url: string, email: string): Promise<Login> {
  for (let refused = 0; ; refused += 1) {
    const reply = await post(url, '/api/auth/login', { email, password: PASSWORD });
    if (reply.status !== BUSY) return { ...((await expected(reply, 200)) as { token: string }), refused };
    await reply.body?.cancel();
    const seconds = Number(reply.headers.get('retry-after'));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

/** The body of a reply of this status; throws a LocalError of another. */
export async function expected(reply: Response, status: number): Promise<unknown> {
  if (reply.status === status) return reply.json();
  throw new LocalError('unexpected_reply', `${reply.url} answered ${reply.status}: ${await reply.text()}`);
}
