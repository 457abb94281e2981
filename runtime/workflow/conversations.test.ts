import { describe, expect, test } from 'vitest';
import { workflowSchema } from '#crds/tenant/workflow.ts';
import { conversationStateSchema } from '#runtime/call/conversation-state.ts';
import { TalkInTest } from './fakes/talk-in-test.ts';
import { leadOf } from './form.ts';
import { openingStep } from './step.ts';

const NUMBER = '212 555 0142';
const ASK_NAME = 'May I have your name please?';
const ASK_NUMBER = 'What number can we call you back on?';
const ASK_REASON = 'How can we help you today?';
const READ_BACK = 'I have two one two, five five five, zero one four two. Is that right?';
const OTHER_READ_BACK = 'I have two one two, five five five, zero one four three. Is that right?';
const CLOSING = 'Thank you. We will call you back soon. Goodbye.';
const OFFER = 'Would you like to leave a message?';
const DESK = { name: 'desk', number: '+13125550177' };

function atNumber(setUp: ConstructorParameters<typeof TalkInTest>[0] = {}): TalkInTest {
  const talk = new TalkInTest(setUp);
  talk.says('Alice Johnson');
  return talk;
}

describe('what was read back', () => {
  test('is put right in the same breath as the no', () => {
    const talk = atNumber();
    expect(talk.says(NUMBER)).toBe(READ_BACK);
    expect(talk.says("no, it's 212 555 0143")).toBe(OTHER_READ_BACK);
    expect(talk.says('yes')).toBe(ASK_REASON);
    expect(talk.lead['phone']).toBe('+12125550143');
  });

  test.each(['no', 'nope', "that's wrong", 'no it is not'])('is asked for again after “%s”', (no) => {
    expect(atNumber().says(NUMBER, no)).toBe(`Sorry about that. ${ASK_NUMBER}`);
  });

  test.each(['yes', 'yeah', 'correct', "that's right", "no, that's right", 'yes it is', NUMBER, 'uh, yes'])(
    'stands after “%s”',
    (yes) => {
      expect(atNumber().says(NUMBER, yes)).toBe(ASK_REASON);
    },
  );

  test('is read back again where neither yes nor no was heard, and left as it is in the end', () => {
    const talk = atNumber();
    expect(talk.says(NUMBER, 'bananas')).toBe(`Sorry, I did not get that. ${READ_BACK}`);
    expect(talk.says('bananas', 'bananas', 'apples', 'pears')).toBe(ASK_REASON);
    expect(talk.lead['phone']).toBe('+12125550142');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(false);
    talk.says('a quote');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(true);
  });

  test('makes a lead incomplete where it was rejected and nothing better came', () => {
    const talk = atNumber();
    talk.says(NUMBER, 'no', 'never you mind that', 'what number', 'x', 'y', 'z', 'w');
    talk.says('a quote', 'that is all');
    expect(talk.lead['phone']).toBe('+12125550142');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(false);
  });

  test('also ends where the caller corrects it for ever', () => {
    const talk = atNumber();
    const texts = Array.from({ length: 8 }, (_, index) => `no it's 212 555 014${index}`);
    for (const text of texts) if (talk.step.state.asking === 'phone') talk.says(text);
    expect(talk.step.state.asking).not.toBe('phone');
  });
});

describe('a number in parts', () => {
  test('is put together', () => {
    const talk = atNumber();
    expect(talk.says('two one two')).toBe(
      'So far I have two one two. What is the whole number, with the area code?',
    );
    expect(talk.says('five five five oh one four two')).toBe(READ_BACK);
  });

  test('takes its area code after the rest', () => {
    expect(atNumber().says('five five five oh one four two', 'area code two one two')).toBe(READ_BACK);
  });

  test('is taken as it is once it was said again', () => {
    const talk = atNumber();
    expect(talk.says('555 0142', '555 0142')).toBe(
      'I have five five five, zero one four two. Is that right?',
    );
  });

  test('is kept as far as it came', () => {
    const talk = atNumber();
    talk.says('five five five', 'bananas', 'apples');
    expect(talk.step.state.asking).toBe('reason');
  });
});

describe('several answers in one sentence', () => {
  test('fill their fields, and the number is still read back', () => {
    const talk = new TalkInTest();
    expect(talk.says('This is Jane Doe, call me back on 212 555 0142')).toBe(READ_BACK);
    expect(talk.says('yes')).toBe(ASK_REASON);
    expect(talk.lead).toEqual({ name: 'Jane Doe', phone: '+12125550142' });
  });

  test('are in the lead as the form has them', () => {
    const talk = new TalkInTest();
    talk.says('my number is 212 555 0142');
    talk.says('Jane Doe');
    expect(Object.keys(talk.lead)).toEqual(['name', 'phone']);
  });

  test('a day and a time go together', () => {
    const fields = [
      { name: 'day', label: 'Day', type: 'Date', prompt: 'Which day?' },
      { name: 'time', label: 'Time', type: 'Time', prompt: 'At what time?' },
    ];
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.says('tomorrow at three')).toBe('I have Tuesday, December 1. Is that right?');
    expect(talk.says('yes').replace(/\s/g, ' ')).toBe('I have 3 PM. Is that right?');
    expect(talk.says('yes')).toBe(CLOSING);
    expect(talk.lead).toEqual({ day: '2026-12-01', time: '15:00' });
  });
});

describe('a later correction', () => {
  test('of the name is taken, and the open question is put again', () => {
    const talk = atNumber();
    expect(talk.says('actually my name is Alice Smith')).toBe(
      `Thank you, I have changed that. ${ASK_NUMBER}`,
    );
    expect(talk.lead['name']).toBe('Alice Smith');
  });

  test('without the right answer asks that field again, then goes on where it was', () => {
    const talk = atNumber();
    talk.says(NUMBER, 'yes');
    expect(talk.says('wait, the number was wrong')).toBe(`Sorry about that. ${ASK_NUMBER}`);
    expect(talk.says('212 555 0143')).toBe(OTHER_READ_BACK);
    expect(talk.says('yes')).toBe(ASK_REASON);
    expect(talk.lead).toMatchObject({ phone: '+12125550143' });
  });

  test('is no correction where it only sounds so', () => {
    const talk = atNumber();
    talk.says(NUMBER, 'yes');
    expect(talk.says('actually I would like to ask for a quote for a new roof on my house')).toBe(CLOSING);
    expect(talk.lead['phone']).toBe('+12125550142');
  });
});

describe('a person', () => {
  const open = { profile: { transferTargets: [DESK] } };

  test('is put through, also by the key 0', () => {
    const connected = {
      effect: { kind: 'Transfer', target: 'desk' },
      speech: { text: 'One moment please, I am connecting you.' },
    };
    const talk = atNumber(open);
    talk.says('can I speak to a human');
    expect(talk.step).toMatchObject(connected);
    const other = atNumber(open);
    other.presses('0');
    expect(other.step).toMatchObject(connected);
    expect(other.step.state.asking).toBe('phone');
  });

  test('is the first who is there at this hour', () => {
    const night = { weekly: [{ day: 'Monday', opens: '20:00', closes: '22:00' }] };
    const targets = [{ name: 'night', number: '+13125550178', hours: night }, DESK];
    const talk = atNumber({ profile: { transferTargets: targets } });
    talk.says('operator');
    expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
  });

  test('who is not there is replaced by the offer of a message', () => {
    const talk = atNumber();
    expect(talk.says('operator')).toBe(`Nobody is available at the moment. ${OFFER}`);
    expect(talk.says('sure')).toBe('Please say your message now, and press the pound key when you are done.');
    expect(talk.says('please call me back')).toBe('');
    expect(talk.step.effect).toEqual({ kind: 'Listen', for: 'Message' });
    talk.says('it is about the roof');
    talk.hears({ kind: 'Silence' });
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({
      name: 'Alice Johnson',
      message: 'please call me back it is about the roof',
    });
  });

  test('is not tried for ever', () => {
    const talk = atNumber(open);
    for (let tries = 0; tries < 3; tries++) {
      talk.says('operator');
      expect(talk.step.effect.kind).toBe('Transfer');
      talk.step = openingStep(talk.step.state, talk.subject, 'FailedTransfer');
      talk.says('no');
    }
    expect(talk.says('operator')).toBe(`Nobody is available at the moment. ${OFFER}`);
  });

  test('hears the name that was said in the same breath', () => {
    const talk = new TalkInTest(open);
    talk.says('My name is Jane Doe and I want to speak to a person');
    expect(talk.lead).toEqual({ name: 'Jane Doe' });
  });
});

describe('danger', () => {
  const warning = 'If this is an emergency, please hang up and dial 9 1 1 now.';

  test('is answered with the number to dial, whatever was asked, and only once', () => {
    const talk = atNumber();
    expect(talk.says('there is a gas leak')).toBe(`${warning} ${ASK_NUMBER}`);
    expect(talk.step.speech.protectedCharacters).toBe(warning.length);
    talk.says(NUMBER, 'yes');
    expect(talk.says('a gas leak')).toBe(CLOSING);
    expect(talk.lead['reason']).toBe('a gas leak');
  });

  test('is escalated to a person, at any hour', () => {
    const closed = { ...DESK, hours: { weekly: [] } };
    const talk = atNumber({ profile: { transferTargets: [closed] } });
    expect(talk.says("I can't breathe")).toContain(warning);
    expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
  });

  test('is called by the number of the country that was called', () => {
    const talk = atNumber({ calledNumber: '+442079460958' });
    expect(talk.says('my house is on fire')).toContain('dial 9 9 9 now');
  });
});

describe('what always works', () => {
  test('a goodbye ends the call with what there is', () => {
    const talk = atNumber();
    talk.says('never mind');
    expect(talk.step).toMatchObject({
      effect: { kind: 'End', reason: 'CallerSaidGoodbye' },
      state: { phase: 'Closing' },
    });
    expect(leadOf(talk.step.state, talk.subject.workflow)).toMatchObject({ complete: false });
  });

  test('the question is repeated, by words and by the key *', () => {
    const talk = atNumber();
    expect(talk.says('pardon?')).toBe(ASK_NUMBER);
    expect(talk.presses('*')).toBe(ASK_NUMBER);
    expect(talk.says(NUMBER, 'what did you say')).toBe(READ_BACK);
    expect(talk.step.state.attempts).toBe(0);
  });

  test('whoever asks to wait is waited for', () => {
    const talk = atNumber();
    expect(talk.says('hold on')).toBe('Of course, take your time.');
    expect(talk.step.effect).toEqual({ kind: 'Listen', for: 'Return' });
  });

  test('whoever asks is told that no person speaks', () => {
    expect(atNumber().says('are you a real person?')).toBe(
      `I am an automated assistant, not a person. ${ASK_NUMBER}`,
    );
  });

  test('a recording on the line ends the call without a word', () => {
    const talk = new TalkInTest();
    expect(talk.says('please leave a message after the tone')).toBe('');
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'CallerIsMachine' });
  });

  test('so does one that says the same over and over', () => {
    const talk = new TalkInTest();
    const loop = 'thanks for holding somebody is with you soon';
    talk.says(loop, loop, loop);
    expect(talk.step.effect.kind).toBe('Listen');
    talk.says(loop);
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'CallerIsMachine' });
  });

  test('asking for it again and again does not hold the line for ever', () => {
    const talk = new TalkInTest();
    for (let said = 0; said < 40 && talk.step.effect.kind === 'Listen'; said++) {
      talk.says(said % 2 === 0 ? 'pardon?' : 'hold on');
    }
    expect(talk.step.effect.kind).toBe('End');
  });
});

describe('a question', () => {
  const profile = {
    knowledge: [{ title: 'Parking', text: 'Parking is free behind the house.' }],
    businessHours: {
      weekly: [{ day: 'Monday', opens: '09:00', closes: '17:00' }],
    },
  };

  test('is answered from what is known, and the open one is put again', () => {
    const talk = new TalkInTest({ profile });
    expect(talk.says('where can I park?')).toBe(`Parking is free behind the house. ${ASK_NAME}`);
    expect(talk.says('what are your opening hours').replace(/\s/g, ' ')).toBe(
      `We are open right now. We are open Monday from 9 AM to 5 PM. ${ASK_NAME}`,
    );
    expect(talk.says('are you open tomorrow?')).toBe(`On Tuesday, December 1 we are closed. ${ASK_NAME}`);
    expect(talk.step.state.attempts).toBe(0);
  });

  test('that nobody can answer is kept for whoever calls back', () => {
    const talk = new TalkInTest({ profile });
    expect(talk.says('do you sell bicycles?')).toBe(
      `I do not know that, but I have written down your question, and somebody will get back to you. ${ASK_NAME}`,
    );
    expect(talk.lead).toEqual({ question: 'do you sell bicycles?' });
  });

  test('in answer to the last question is answered, and is what the call was about', () => {
    const talk = atNumber({ profile });
    talk.says(NUMBER, 'yes');
    expect(talk.says('do you have parking?')).toBe(
      'Parking is free behind the house. Is there anything else that we can help you with?',
    );
    expect(talk.says('no thanks')).toBe(CLOSING);
    expect(talk.lead['reason']).toBe('do you have parking?');
  });

  test('that is put by answering is an answer', () => {
    const fields = [{ name: 'day', label: 'Day', type: 'Date', prompt: 'Which day?' }];
    const talk = new TalkInTest({ profile, workflow: { name: 'w', fields } });
    expect(talk.says('could we do tomorrow?')).toBe('I have Tuesday, December 1. Is that right?');
  });
});

describe('keys', () => {
  const fields = [
    {
      name: 'topic',
      label: 'Topic',
      type: 'Choice',
      prompt: 'Sales or support?',
      choices: ['Sales', 'Support'],
    },
    { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'Number?' },
  ];

  test('choose by number, give a number, and say yes and no', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.presses('2')).toBe('Number?');
    expect(talk.presses('2125550142#')).toBe(READ_BACK);
    expect(talk.presses('2')).toBe('Sorry about that. Number?');
    expect(talk.presses('2125550143#')).toBe(OTHER_READ_BACK);
    expect(talk.presses('1')).toBe(CLOSING);
    expect(talk.lead).toEqual({ topic: 'Support', phone: '+12125550143' });
  });

  test('that choose nothing are told the choices', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.presses('7')).toBe(
      'Sorry, I did not get that. You can say Sales or Support. Sales or support?',
    );
  });

  test('end a message', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', onComplete: { action: 'TakeMessage' } } });
    talk.says('please call me');
    talk.presses('#');
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({ message: 'please call me' });
  });
});

describe('the end of a form', () => {
  const name = { name: 'name', label: 'Name', type: 'Name', prompt: ASK_NAME };
  const handsOver = workflowSchema.parse({
    name: 'w',
    fields: [name],
    onComplete: { say: 'I will connect you now.', action: 'Transfer', transferTarget: 'desk' },
  });

  test('hands over to the person whom the workflow names', () => {
    const talk = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [DESK] } });
    expect(talk.says('Jane')).toBe('I will connect you now.');
    expect(talk.step).toMatchObject({
      effect: { kind: 'Transfer', target: 'desk' },
      state: { phase: 'Closing' },
    });
  });

  test('takes a message where that person does not answer, or is not there at this hour', () => {
    const talk = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [DESK] } });
    talk.says('Jane');
    talk.step = openingStep({ ...talk.step.state, phase: 'Done' }, talk.subject, 'FailedTransfer');
    expect(talk.step.speech.text).toMatch(
      /^I am sorry, nobody could take your call there\. Please say your message/,
    );
    const closed = { ...DESK, hours: { weekly: [] } };
    const other = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [closed] } });
    expect(other.says('Jane')).toMatch(/^Nobody is available at the moment\. Please say your message/);
  });

  test('takes a message in the words of the tenant, until it is all', () => {
    const workflow = {
      name: 'w',
      fields: [name],
      onComplete: { say: 'Tell us what it is about.', action: 'TakeMessage' },
    };
    const talk = new TalkInTest({ workflow });
    expect(talk.says('Jane')).toBe('Tell us what it is about.');
    talk.says('the roof leaks', "that's all, thank you");
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({ name: 'Jane', message: 'the roof leaks' });
  });
});

describe('outside the hours', () => {
  const businessHours = {
    weekly: [{ day: 'Tuesday', opens: '09:00', closes: '17:00' }],
    whenClosed: { say: 'Our office is closed right now.' },
  };

  test('the caller is told so after the greeting, and cannot interrupt it', () => {
    const { speech } = new TalkInTest({ profile: { businessHours } }).step;
    expect(speech.text).toBe(
      `Thank you for calling Acme. I am an automated assistant. Our office is closed right now. ${ASK_NAME}`,
    );
    expect(speech.text.slice(speech.protectedCharacters)).toBe(` ${ASK_NAME}`);
  });

  test('and inside them not', () => {
    const nowMs = Date.UTC(2026, 11, 1, 16);
    expect(new TalkInTest({ nowMs, profile: { businessHours } }).step.speech.text).not.toContain('closed');
  });
});

describe('in another language', () => {
  test.each([
    [
      'es-ES',
      'me llamo Ana Ruiz',
      'Tengo dos uno dos, cinco cinco cinco, cero uno cuatro dos. ¿Es correcto?',
      'sí',
    ],
    [
      'fr-FR',
      "je m'appelle Ana Ruiz",
      "J'ai noté deux un deux, cinq cinq cinq, zéro un quatre deux. Est-ce correct ?",
      'oui',
    ],
    [
      'de-DE',
      'ich heiße Ana Ruiz',
      'Ich habe zwei eins zwei, fünf fünf fünf, null eins vier zwei notiert. Ist das richtig?',
      'ja genau',
    ],
  ])('%s a form is held, read back and confirmed', (language, name, readBack, yes) => {
    const talk = new TalkInTest({ profile: { language } });
    talk.says(name);
    expect(talk.says(NUMBER)).toBe(readBack);
    expect(talk.says(yes)).toBe(ASK_REASON);
    expect(talk.lead).toEqual({ name: 'Ana Ruiz', phone: '+12125550142' });
  });
});

test('every state on the way survives JSON and its schema', () => {
  const talk = new TalkInTest();
  for (const text of ['hold on', 'Jane', 'two one two', NUMBER, 'no', NUMBER, 'operator', 'yes', 'call me']) {
    talk.says(text);
    const { state } = talk.step;
    expect(conversationStateSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  }
});
