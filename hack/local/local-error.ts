import { OperatingError } from '#lib/errors/operating-error.ts';

/** Something about this machine that stops the local environment; its message says what to do about it. */
export class LocalError extends OperatingError {}
