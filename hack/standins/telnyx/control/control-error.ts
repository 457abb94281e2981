import { OperatingError } from '#lib/errors/operating-error.ts';

/** The stand-in refused what the control API was asked for. */
export class ControlError extends OperatingError {
  readonly status: number;

  constructor(request: string, status: number, body: string) {
    super('stand_in_refused', `The Telnyx stand-in refused ${request} with ${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}
