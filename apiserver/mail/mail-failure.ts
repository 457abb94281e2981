import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';

interface Failing {
  /** A word of ours, or the code of what the network did. */
  readonly code: string;
  /** What the server had been told when it answered, such as `AUTH PLAIN`; undefined where it said nothing. */
  readonly command: string | undefined;
  readonly status: number | undefined;
}

/**
 * A mail that was not taken. Says neither to whom nor what the server said, which may name them: it is logged and shown.
 * `retryable`: the same mail may be taken later. `isOfServer`: no mail would have been.
 */
export class MailFailure extends OperatingError {
  readonly status: number | undefined;
  readonly isOfServer: boolean;

  constructor(
    { code, command, status }: Failing,
    { retryable, isOfServer }: Pick<MailFailure, 'isOfServer' | 'retryable'>,
  ) {
    const answer = status === undefined ? 'gave no answer' : `answered ${status}`;
    const when = command === undefined ? '' : ` to ${command}`;
    super(code, `The mail server ${answer}${when} (${code}).`, { retryable });
    this.status = status;
    this.isOfServer = isOfServer;
  }
}

/** What nodemailer throws, as far as it is needed. */
const thrownSchema = z.object({
  code: z.string().optional().catch(undefined),
  command: z.string().optional().catch(undefined),
  responseCode: z.number().optional().catch(undefined),
  response: z.string().optional().catch(undefined),
});

/** RFC 5321, 4.2.3: what a mailbox is refused by. 554 and the others are of the transaction or of the server. */
const OF_MAILBOX: readonly number[] = [550, 551, 552, 553];
/** RFC 3463, 3.8: the enhanced code of a refusal by policy, such as of a relay, which is about us. */
const OF_POLICY = /^\d{3}[ -]5\.7\./;

/**
 * What an error of nodemailer says. Only what answers RCPT TO, and there about the mailbox alone, says that the same
 * mail will be refused again: a wrong password or a blocked network of ours is mended, and all mails go out then.
 */
export function mailFailureOf(error: unknown): MailFailure {
  const thrown = thrownSchema.safeParse(error).data;
  const { command, responseCode: status, response = '' } = thrown ?? {};
  const failing = { code: thrown?.code ?? 'mail_failed', command, status };
  if (command === 'RCPT TO' && status !== undefined) {
    if (OF_MAILBOX.includes(status) && !OF_POLICY.test(response)) {
      return new MailFailure({ ...failing, code: 'mail_refused' }, { retryable: false, isOfServer: false });
    }
    // Most ask to come again for one mailbox alone: greylisting, or one that is full.
    if (status < 500) return new MailFailure(failing, { retryable: true, isOfServer: false });
  }
  // A mail that is refused as it stands, as spam or as too large, says nothing of the next one.
  const isOfServer = command !== 'DATA';
  return new MailFailure(failing, { retryable: true, isOfServer });
}
