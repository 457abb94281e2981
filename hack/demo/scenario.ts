/** What the demonstration's caller has come to say, and what the receptionist must have made of it. */
export interface Scenario {
  readonly from: string;
  readonly voice: string;
  /** For each question, the word it is recognised by, and the answer. */
  readonly answers: readonly { readonly expect: readonly string[]; readonly say: string }[];
  /** The lead's fields that must come out of it: by name, what the value must contain, in lower case. */
  readonly lead: Readonly<Record<string, string>>;
}

/**
 * The sentences are ones that pocketsphinx hears word for word from flite's voice kal16 at 16 kHz; the
 * number is from the range that is kept free for fiction.
 */
export const bookAppointment: Scenario = {
  from: '+12125550142',
  voice: 'kal16',
  answers: [
    { expect: ['name'], say: 'My name is John Smith' },
    {
      expect: ['number', 'call you back on'],
      say: 'My number is two one two five five five zero one four two',
    },
    { expect: ['help'], say: 'I would like to book an appointment for tomorrow morning' },
  ],
  lead: {
    name: 'john smith',
    phone: '2125550142',
    reason: 'book an appointment for tomorrow morning',
  },
};
