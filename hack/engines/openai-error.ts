import type { ServerResponse } from 'node:http';

/** An error as OpenAI's API replies with it: `{"error":{message,type,param,code}}`. */
export class OpenAIError extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;

  constructor(status: number, code: string, message: string, param: string | null = null) {
    super(message);
    this.name = 'OpenAIError';
    this.status = status;
    this.code = code;
    this.param = param;
  }

  send(response: ServerResponse): void {
    const type = this.status >= 500 ? 'server_error' : 'invalid_request_error';
    const body = { error: { message: this.message, type, param: this.param, code: this.code } };
    response.writeHead(this.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

/** 400 for a field that is wrong. */
export function badField(param: string, message: string): OpenAIError {
  return new OpenAIError(400, 'invalid_value', message, param);
}
