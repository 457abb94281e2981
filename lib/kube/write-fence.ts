/**
 * Holds writes back that must not leave any more: those of a process that was the leader, was stopped
 * in the middle of its work and woke up when another had taken over. Used by KubeTransport.
 */
import type { Dispatcher } from 'undici';
import { OperatingError } from '#lib/errors/operating-error.ts';

export interface WriteFence {
  /** Whether writes may leave. Asked when the first byte of each would be written to the socket. */
  readonly isHeld: boolean;
  /** Calls `lapsed` once when writes may leave no longer. The result takes that back. */
  onLapse(lapsed: () => void): () => void;
}

/** The write was not sent, or was given up without its reply: this process may not write any more. */
export class WriteFenced extends OperatingError {
  constructor() {
    super('write_fenced', 'The write was held back: the lease is not surely held.', { retryable: true });
  }
}

type Handler = Dispatcher.DispatchHandler;

/**
 * Refuses each request but GETs while the fence is not held. The look is taken when a connection is
 * there and the request is next on it: between a look before and that moment lie queues, a TLS
 * handshake, and perhaps a SIGSTOP. Requests whose reply is outstanding when the fence lapses have
 * their connection closed, so that the API server gives up what it has not done yet.
 */
export function fenceWrites(fence: WriteFence): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, options.method === 'GET' ? handler : fenced(fence, handler));
}

function fenced(fence: WriteFence, handler: Handler): Handler {
  let forget = () => {};
  return {
    onRequestStart(controller, context) {
      // Thrown before anything was written, this fails the request and spares the connection.
      if (!fence.isHeld) throw new WriteFenced();
      forget = fence.onLapse(() => controller.abort(new WriteFenced()));
      handler.onRequestStart?.(controller, context);
    },
    onResponseStart: (controller, statusCode, headers, statusMessage) =>
      handler.onResponseStart?.(controller, statusCode, headers, statusMessage),
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd(controller, trailers) {
      forget();
      handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError(controller, error) {
      forget();
      handler.onResponseError?.(controller, error);
    },
  };
}
