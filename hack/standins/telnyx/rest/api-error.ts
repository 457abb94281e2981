/** An error as Telnyx's API replies with it: `{"errors":[{code,title,detail,source?}]}`. */
export class ApiError extends Error {
  readonly status: number;
  /** Telnyx's own number, as text. */
  readonly code: string;
  readonly title: string;
  /** The JSON pointer of the wrong field. */
  readonly pointer: string | undefined;

  constructor(status: number, error: { code: string; title: string; detail: string; pointer?: string }) {
    super(error.detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = error.code;
    this.title = error.title;
    this.pointer = error.pointer;
  }

  body(): object {
    const source = this.pointer === undefined ? {} : { source: { pointer: this.pointer } };
    return { errors: [{ code: this.code, title: this.title, detail: this.message, ...source }] };
  }
}

/** The errors of Telnyx's published list that the stand-in gives. */
export const apiErrors = {
  unauthenticated: () =>
    new ApiError(401, {
      code: '10009',
      title: 'Authentication failed',
      detail: 'The required authentication headers were either invalid or not included in the request.',
    }),
  notFound: (what: string) =>
    new ApiError(404, {
      code: '10005',
      title: 'Resource not found',
      detail: `The requested resource or URL could not be found: ${what}.`,
    }),
  tooManyRequests: () =>
    new ApiError(429, {
      code: '10011',
      title: 'Too many requests',
      detail: 'You have exceeded the maximum number of allowed requests.',
    }),
  malformed: (detail: string) => new ApiError(400, { code: '10015', title: 'Bad Request', detail }),
  invalid: (detail: string, pointer?: string) =>
    new ApiError(422, {
      code: '10015',
      title: 'Bad Request',
      detail,
      ...(pointer === undefined ? {} : { pointer }),
    }),
  unknownCall: () =>
    new ApiError(422, {
      code: '90015',
      title: 'Invalid Call Control ID',
      detail: 'The call_control_id provided was not valid.',
    }),
  callEnded: () =>
    new ApiError(422, {
      code: '90018',
      title: 'Call has already ended',
      detail: 'This call is no longer active and can not receive commands.',
    }),
  callNotAnswered: () =>
    new ApiError(422, {
      code: '90034',
      title: 'Call not answered yet',
      detail: 'This call can not receive this command because it has not been answered yet.',
    }),
} as const;
