import { describe, expect, test } from 'vitest';
import { TalkInTest } from './fakes/talk-in-test.ts';

const NUMBER = '212 555 0142';
const ASK_NAME = 'May I have your name please?';
const ASK_NUMBER = 'What number can we call you back on?';
const ASK_REASON = 'How can we help you today?';
const READ_BACK = 'I have two one two, five five five, zero one four two. Is that right?';
const OTHER_READ_BACK = 'I have two one two, five five five, zero one four three. Is that right?';
const CLOSING = 'Thank you. We will call you back soon. Goodbye.';

function atNumber(setUp: ConstructorParameters<typeof TalkInTest>[0] = {}): TalkInTest {
  const talk = new TalkInTest(setUp);
  talk.says('Alice Johnson');
  return talk;
}

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
