import type { Mail } from '../mail/mailer.ts';
import type { Message, MessageData } from './message.ts';

interface Around {
  readonly company: string;
  readonly consoleURL: string;
}

/** The mail that tells of something, in plain text. */
export function notificationMail(message: Message, { company, consoleURL }: Around): Omit<Mail, 'to'> {
  const { subject, lines } = textOf(message, company);
  return { subject, text: [...lines, '', consoleURL, ''].join('\n') };
}

interface Text {
  readonly subject: string;
  readonly lines: readonly string[];
}

function textOf(message: Message, company: string): Text {
  switch (message.event) {
    case 'LeadCaptured':
      return leadText(message.data, company);
    case 'MessageLeft':
      return {
        subject: `A recorded message for ${company}`,
        lines: [
          `A caller left a message of ${Math.round(message.data.message.durationMs / 1_000)} seconds.`,
          ...callLines(message.data.call),
        ],
      };
    case 'CallEnded':
      return { subject: `A call to ${company}`, lines: callLines(message.data.call) };
    case 'LimitNear':
      return {
        subject: `${company} has used most of its ${LIMITS[message.data.usage.limit]} of this month`,
        lines: usageLines(message.data.usage),
      };
    case 'LimitReached':
      break;
  }
  return {
    subject: `${company} has used all of its ${LIMITS[message.data.usage.limit]} of this month`,
    lines: [
      ...usageLines(message.data.usage),
      'Further ones are refused until the month is over, or the limit is raised.',
    ],
  };
}

const LIMITS = {
  callsPerMonth: 'calls',
  minutesPerMonth: 'minutes of calls',
  apiRequestsPerMonth: 'requests to the API',
} as const;

function leadText({ call, lead }: MessageData<'LeadCaptured'>, company: string): Text {
  const how = lead.complete ? '' : ' The caller hung up before the last question.';
  return {
    subject: `A new lead for ${company}`,
    lines: [
      `Workflow: ${lead.workflow}.${how}`,
      '',
      ...lead.fields.map(({ label, value }) => `${label}: ${value}`),
      '',
      ...callLines(call),
    ],
  };
}

function callLines(call: MessageData<'CallEnded'>['call']): string[] {
  return [
    `From: ${call.from ?? 'unknown'}`,
    `To: ${call.to ?? 'unknown'}`,
    `At: ${call.startedAt} (UTC)`,
    ...(call.seconds === null ? [] : [`Length: ${call.seconds} seconds`]),
    ...(call.hangupReason === null ? [] : [`End: ${call.hangupReason}`]),
  ];
}

function usageLines({ limit, used, allowed, month }: MessageData<'LimitNear'>['usage']): string[] {
  return [`In ${month} ${used} of ${allowed} ${LIMITS[limit]} are used.`];
}
