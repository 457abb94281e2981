/**
 * A caller who leaves name, number and wish, and confirms the number when it is read back. The sentences are ones that
 * PocketSphinx hears word for word in this voice at 16 kHz.
 */
export const leadCaptureScript = {
  kind: 'script',
  voice: 'kal16',
  steps: [
    { expect: ['name'], say: 'My name is John Smith' },
    { expect: ['number', 'phone'], say: 'My number is two one two five five five zero one four two' },
    { expect: ['right'], say: 'Yes that is right' },
    {
      expect: ['help', 'reason', 'calling', 'about'],
      say: 'I would like to book an appointment for tomorrow morning',
    },
  ],
} as const;
