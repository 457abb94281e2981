import type { CallerScript } from '#hack/caller/caller-script.ts';
import { leadCaptureScript } from '#hack/caller/lead-capture-script.ts';

/** What the demonstration's caller has come to say, and what the receptionist must have made of it. */
export interface Scenario {
  readonly from: string;
  readonly caller: Pick<CallerScript, 'kind' | 'voice'> & {
    readonly steps: readonly { readonly expect: readonly string[]; readonly say: string }[];
  };
  /** The lead's fields that must come out of it: by name, what the value must contain, in lower case. */
  readonly lead: Readonly<Record<string, string>>;
}

/** The number is from the range that is kept free for fiction. */
export const bookAppointment: Scenario = {
  from: '+12125550142',
  caller: leadCaptureScript,
  lead: {
    name: 'john smith',
    phone: '2125550142',
    reason: 'book an appointment for tomorrow morning',
  },
};
