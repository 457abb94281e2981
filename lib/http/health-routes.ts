import type { RequestListener, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { messageOf } from '#lib/errors/operating-error.ts';
import { sendProblem } from './problem.ts';

export interface HealthRoutesOptions {
  /** What keeps the program from serving, as sentences; empty when it is ready. */
  readonly notReady: () => readonly string[];
  /** Absent: its metrics are served elsewhere, see `metricsRoute`. */
  readonly registry?: Registry | undefined;
  /** Takes every other path; absent: 404. */
  readonly next?: RequestListener;
}

/**
 * `/healthz` (the process turns its event loop: 200), `/readyz` (200, or 503 with the reasons) and
 * `/metrics` (Prometheus text), in front of a program's own routes.
 */
export function healthRoutes(options: HealthRoutesOptions): RequestListener {
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') {
      sendText(response, 200, 'ok\n');
    } else if (path === '/readyz') {
      const reasons = options.notReady();
      sendText(
        response,
        reasons.length === 0 ? 200 : 503,
        reasons.length === 0 ? 'ok\n' : `${reasons.join('\n')}\n`,
      );
    } else if (path === METRICS_PATH && options.registry) {
      void sendMetrics(options.registry, response);
    } else if (options.next) {
      options.next(request, response);
    } else {
      sendProblem(response, NOT_FOUND);
    }
  };
}

/** `/metrics` and nothing else, for a port of the cluster's own beside one that the internet reaches. */
export function metricsRoute(registry: Registry): RequestListener {
  return (request, response) => {
    if (request.url?.split('?', 1)[0] === METRICS_PATH) void sendMetrics(registry, response);
    else sendProblem(response, NOT_FOUND);
  };
}

const METRICS_PATH = '/metrics';
const NOT_FOUND = { status: 404, code: 'not_found', title: 'There is nothing at this path.' } as const;

async function sendMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  try {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  } catch (error) {
    sendProblem(response, {
      status: 500,
      code: 'metrics_failed',
      title: 'The metrics could not be collected.',
      detail: messageOf(error),
    });
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
