import type { ServerResponse } from 'node:http';

/** A problem reply (RFC 9457) with our stable `code`. */
export interface Problem {
  readonly status: number;
  /** A word in snake_case that clients may branch on. */
  readonly code: string;
  /** One sentence, the same for every occurrence. */
  readonly title: string;
  /** What was wrong this time. */
  readonly detail?: string;
}

/** Sends `problem` as application/problem+json. Does nothing when the headers were sent already. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) return;
  response
    .writeHead(problem.status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'about:blank', ...problem }));
}
