import { createHash, timingSafeEqual } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import type { Clock } from '#lib/clock/clock.ts';
import type { Fault, FaultTable } from '../faults/fault-table.ts';
import type { Settings } from '../settings.ts';
import { ApiError, apiErrors } from './api-error.ts';
import { rateLimit } from './rate-limit.ts';

/** A request of the API, kept for whoever asks what was sent. */
export interface RequestRecord {
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly userAgent: string;
  /** Absent while it is served, and when the connection was cut instead of a reply. */
  status?: number;
  /** The fault that struck it. */
  fault?: string;
}

export interface ApiAppOptions {
  readonly apiKey: string;
  readonly clock: Clock;
  readonly settings: Readonly<Settings>;
  readonly faults: FaultTable;
  readonly routes: readonly Router[];
  /** Served under `/_standin`, without a key and without faults. */
  readonly control: Router;
  readonly onRequest: (record: RequestRecord) => void;
  /** What the call with this call_control_id goes by in the rules of faults. */
  readonly namesOf: (callControlID: string) => readonly string[];
}

/** The HTTP side: `/v2` with key, limits, faults and the carrier's delay, and the control API beside it. */
export function createApiApp(options: ApiAppOptions): Express {
  const { clock, settings } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'extended');
  app.use(express.json({ limit: '1mb' }));
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.use('/_standin', options.control);
  app.use('/v2', recordRequest(options));
  app.use('/v2', authenticate(options.apiKey));
  app.use(
    '/v2',
    rateLimit(clock, () => settings.requestsPerSecond),
  );
  app.use('/v2', strike(options));
  for (const router of options.routes) app.use('/v2', router);
  app.use((request) => {
    throw apiErrors.notFound(`${request.method} ${request.path}`);
  });
  app.use(sendError);
  return app;
}

function recordRequest(options: ApiAppOptions): RequestHandler {
  return (request, response, next) => {
    const record: RequestRecord = {
      at: new Date(options.clock.now()).toISOString(),
      method: request.method,
      path: request.originalUrl,
      body: request.body,
      userAgent: request.get('user-agent') ?? '',
    };
    options.onRequest(record);
    response.locals['record'] = record;
    response.on('finish', () => {
      record.status = response.statusCode;
    });
    next();
  };
}

function authenticate(apiKey: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${apiKey}`);
  return (request, _response, next) => {
    if (!timingSafeEqual(digest(request.get('authorization') ?? ''), expected)) {
      throw apiErrors.unauthenticated();
    }
    next();
  };
}

/** Applies the carrier's own delay and the fault that waits for this request. */
function strike(options: ApiAppOptions): RequestHandler {
  const { clock, settings, faults } = options;
  return (request, response, next) => {
    const callID = /^\/calls\/([^/]+)/.exec(request.path)?.[1];
    const names = callID === undefined ? [] : options.namesOf(decodeURIComponent(callID));
    const fault = faults.take(`${request.method} ${request.originalUrl.split('?', 1)[0]}`, names);
    if (fault) (response.locals['record'] as RequestRecord).fault = fault.kind;
    if (fault?.kind === 'drop') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') answerWith(fault, response);
    if (fault?.kind === 'loseReply') {
      // The route runs and replies to nobody.
      response.end = () => {
        request.socket.destroy();
        return response;
      };
    }
    const isCommand =
      request.path.includes('/actions/') || (request.method === 'POST' && request.path === '/calls');
    const extraMs = fault?.kind === 'delay' ? fault.delayMs + faults.jitter(fault.jitterMs) : 0;
    const delayMs = (isCommand ? settings.commandDelayMs : 0) + extraMs;
    if (delayMs === 0) next();
    else clock.after(delayMs, next);
  };
}

/** Throws the fault's error at once, or makes it the reply to whatever the route will have done. */
function answerWith(fault: Extract<Fault, { kind: 'status' }>, response: Response): void {
  if (fault.retryAfterSeconds !== undefined) response.set('retry-after', String(fault.retryAfterSeconds));
  const error = statusFault(fault.status);
  if (!fault.carriedOut) throw error;
  const json = response.json.bind(response);
  response.json = () => json.call(response.status(error.status), error.body());
}

function statusFault(status: number): ApiError {
  if (status === 429) return apiErrors.tooManyRequests();
  return new ApiError(status, {
    code: '10007',
    title: 'Unexpected error',
    detail: 'An unexpected error occured.',
  });
}

const sendError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const reply = asApiError(error);
  response.status(reply.status).json(reply.body());
};

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // What express.json refuses carries a status of its own (400 not JSON, 413 too large).
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (status >= 400 && status < 500)
    return apiErrors.malformed('The request body is not valid JSON, or too large.');
  throw error;
}
