import { describe, expect, test } from 'vitest';
import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { contextInTest, type SubjectSetUp } from '../fakes/talk-in-test.ts';
import { fieldAnswer } from './field-answer.ts';
import { readBackOf } from './read-back.ts';

/** Today is Monday, 30 November 2026. */
const inLanguage = (language: string, calledNumber = '+13125550100'): SubjectSetUp => ({
  profile: { language },
  calledNumber,
});

function valueOf(type: WorkflowField['type'], spoken: string, setUp: SubjectSetUp = {}, choices?: string[]) {
  const field = { name: 'f', label: 'F', type, prompt: '?', required: true, ...(choices ? { choices } : {}) };
  const answer = fieldAnswer(field, spoken, contextInTest(setUp));
  return answer?.kind === 'Value' ? answer.value : answer?.kind;
}

describe('a phone number', () => {
  test.each([
    ['this number', '+12125550142'],
    ["the one I'm calling from", '+12125550142'],
    ['just use the same number please', '+12125550142'],
  ])('“%s” is the number of the caller', (spoken, value) => {
    expect(valueOf('Phone', spoken)).toBe(value);
  });

  test.each([
    'anonymous',
    'sip:bob@example.com',
    '',
    '+266696687',
    'Restricted',
    '+1',
    '💣',
    '+'.repeat(5_000),
  ])('of a caller from “%s” it is not seen', (callerNumber) => {
    expect(valueOf('Phone', 'this number', { callerNumber })).toBe('NumberHidden');
  });

  test('of a caller at a SIP address with a number it is that', () => {
    const callerNumber = 'sip:+12125550142@carrier.example';
    expect(valueOf('Phone', 'this number', { callerNumber })).toBe('+12125550142');
  });

  test('without an area code it is a part, to which the rest is added', () => {
    expect(valueOf('Phone', 'five five five oh one four two')).toBe('Digits');
  });

  test.each([
    ['fr-FR', '+33123456789', 'zéro six douze trente-quatre cinquante-six soixante-dix-huit', '+33612345678'],
    [
      'fr-FR',
      '+33123456789',
      'zéro six, quatre-vingt-dix-sept, quatre-vingts, onze, vingt et un',
      '+33697801121',
    ],
    [
      'es-ES',
      '+34911234567',
      'seis uno dos treinta y cuatro cincuenta y seis setenta y ocho',
      '+34612345678',
    ],
    ['de-DE', '+4930123456', 'null eins sieben eins zwei drei vier fünf sechs sieben acht', '+491712345678'],
    ['de-DE', '+4930123456', 'null dreißig, einundzwanzig, vierunddreißig, sechsundfünfzig', '+4930213456'],
    ['en-GB', '+442079460958', 'oh seven nine double one one two three four five six', '+447911123456'],
    ['en-AU', '+61255501234', 'zero four one two three four five six seven eight', '+61412345678'],
  ])('in %s: %s %s → %s', (language, called, spoken, value) => {
    expect(valueOf('Phone', spoken, inLanguage(language, called))).toBe(value);
  });

  test.each([
    [{ profile: { language: 'en-GB' }, calledNumber: 'x', callerNumber: 'anonymous' }, '+447911123456'],
    [
      { profile: { language: 'en', timeZone: 'Europe/London' }, calledNumber: 'x', callerNumber: 'y' },
      '+447911123456',
    ],
    [
      { profile: { language: 'en', timeZone: 'UTC' }, calledNumber: 'x', callerNumber: '+442079460958' },
      '+447911123456',
    ],
    [{ profile: { language: 'en', timeZone: 'UTC' }, calledNumber: 'x', callerNumber: 'y' }, 'Digits'],
  ] as const)('its country comes from %o', (setUp, value) => {
    expect(valueOf('Phone', '07911 123456', setUp)).toBe(value);
  });
});

describe('an e-mail address', () => {
  test.each([
    ['jane dot doe at example dot com', 'jane.doe@example.com'],
    ['my email is jane underscore doe at example dot co dot uk', 'jane_doe@example.co.uk'],
    ["it's j a n e at gmail dot com", 'jane@gmail.com'],
    ['Jane.Doe@Example.com.', 'jane.doe@example.com'],
    ['jane dash doe forty two at my hyphen company dot org please', 'jane-doe42@my-company.org'],
    ['j as in john o e at gmail', 'joe@gmail.com'],
    ['jane plus news at example dot com', 'jane+news@example.com'],
    ['you can write to jane doe at example dot com thank you', 'janedoe@example.com'],
    ['jane at example dot c o m', 'jane@example.com'],
    ['José at example dot com', 'jose@example.com'],
  ])('%s → %s', (spoken, value) => {
    expect(valueOf('Email', spoken)).toBe(value);
  });

  test.each([
    ['es-ES', 'jane punto doe arroba ejemplo punto es', 'jane.doe@ejemplo.es'],
    ['es-ES', 'mi correo es ana guion bajo ruiz arroba gmail punto com', 'ana_ruiz@gmail.com'],
    ['fr-FR', 'jean tiret luc arobase exemple point fr', 'jean-luc@exemple.fr'],
    ['de-DE', 'max punkt müller at beispiel punkt de', 'max.muller@beispiel.de'],
  ])('in %s: %s → %s', (language, spoken, value) => {
    expect(valueOf('Email', spoken, inLanguage(language))).toBe(value);
  });

  test.each(['I have none', 'jane doe', 'at', 'meet me at the office', 'jane at home', 'dot dot at dot'])(
    '%s is none',
    (spoken) => {
      expect(valueOf('Email', spoken)).toBeUndefined();
    },
  );
});

describe('a date', () => {
  test.each([
    ['today', '2026-11-30'],
    ['tomorrow', '2026-12-01'],
    ['the day after tomorrow', '2026-12-02'],
    ['Tuesday', '2026-12-01'],
    ['next Tuesday', '2026-12-08'],
    ['this Friday', '2026-12-04'],
    ['Monday', '2026-12-07'],
    ['the third of May', '2027-05-03'],
    ['May third', '2027-05-03'],
    ['december the twenty third', '2026-12-23'],
    ['the second of January two thousand twenty eight', '2028-01-02'],
    ['Tuesday, December 15th', '2026-12-15'],
    ['in two weeks', '2026-12-14'],
    ['in three days', '2026-12-03'],
    ['a week from Friday', '2026-12-11'],
    ['the fifth', '2026-12-05'],
    ['on the 31st', '2026-12-31'],
    ['12/24', '2026-12-24'],
    ['2027-02-28', '2027-02-28'],
    ['could we do tomorrow', '2026-12-01'],
  ])('%s → %s', (spoken, value) => {
    expect(valueOf('Date', spoken)).toBe(value);
  });

  test.each([
    ['es-ES', 'mañana', '2026-12-01'],
    ['es-ES', 'pasado mañana', '2026-12-02'],
    ['es-ES', 'mañana por la mañana', '2026-12-01'],
    ['es-ES', 'el próximo martes', '2026-12-08'],
    ['es-ES', 'el tres de mayo', '2027-05-03'],
    ['es-ES', 'dentro de dos semanas', '2026-12-14'],
    ['es-ES', '24/12', '2026-12-24'],
    ['fr-FR', 'demain', '2026-12-01'],
    ['fr-FR', 'après-demain', '2026-12-02'],
    ['fr-FR', 'mardi prochain', '2026-12-08'],
    ['fr-FR', 'le trois mai', '2027-05-03'],
    ['fr-FR', 'le premier janvier', '2027-01-01'],
    ['fr-FR', 'dans quinze jours', '2026-12-15'],
    ['de-DE', 'morgen', '2026-12-01'],
    ['de-DE', 'übermorgen', '2026-12-02'],
    ['de-DE', 'nächsten Dienstag', '2026-12-08'],
    ['de-DE', 'am dritten Mai', '2027-05-03'],
    ['de-DE', 'am 24. Dezember', '2026-12-24'],
    ['de-DE', 'am einundzwanzigsten Dezember', '2026-12-21'],
    ['de-DE', 'in einer Woche', '2026-12-07'],
    ['en-GB', '24/12', '2026-12-24'],
  ])('in %s: %s → %s', (language, spoken, value) => {
    expect(valueOf('Date', spoken, inLanguage(language))).toBe(value);
  });

  test.each(['whenever', 'I do not know', 'the thirtieth of February', '13/32', 'in 4000 weeks'])(
    '%s is none',
    (spoken) => {
      expect(valueOf('Date', spoken)).toBeUndefined();
    },
  );

  test('today is the one of the tenant, not ours', () => {
    const nowMs = Date.UTC(2026, 10, 30, 23);
    expect(valueOf('Date', 'today', { nowMs, profile: { timeZone: 'Australia/Sydney' } })).toBe('2026-12-01');
  });
});

describe('a time', () => {
  test.each([
    ['half past two', '14:30'],
    ['noon', '12:00'],
    ['midnight', '00:00'],
    ['two thirty', '14:30'],
    ['nine', '09:00'],
    ['nine am', '09:00'],
    ['quarter to five', '16:45'],
    ['a quarter past ten', '10:15'],
    ['ten to eleven', '10:50'],
    ["three o'clock in the afternoon", '15:00'],
    ['at 3 p.m.', '15:00'],
    ['eight in the evening', '20:00'],
    ['three in the morning', '03:00'],
    ['14:45', '14:45'],
    ['around twelve', '12:00'],
    ['twelve twenty five', '12:25'],
  ])('%s → %s', (spoken, value) => {
    expect(valueOf('Time', spoken)).toBe(value);
  });

  test.each([
    ['es-ES', 'a las dos y media', '14:30'],
    ['es-ES', 'a las once menos cuarto', '10:45'],
    ['es-ES', 'mediodía', '12:00'],
    ['es-ES', 'a las ocho de la tarde', '20:00'],
    ['fr-FR', 'à deux heures et demie', '14:30'],
    ['fr-FR', '14h30', '14:30'],
    ['fr-FR', 'dix heures moins le quart', '09:45'],
    ['fr-FR', 'midi', '12:00'],
    ['fr-FR', 'midi et demi', '12:30'],
    ['de-DE', 'halb drei', '14:30'],
    ['de-DE', 'um vierzehn Uhr dreißig', '14:30'],
    ['de-DE', 'Viertel vor zehn', '09:45'],
    ['de-DE', 'um acht Uhr abends', '20:00'],
    ['de-DE', 'mittags', '12:00'],
  ])('in %s: %s → %s', (language, spoken, value) => {
    expect(valueOf('Time', spoken, inLanguage(language))).toBe(value);
  });

  test.each(['whenever', 'in the morning', 'at 77', 'my number is 212 555 0142'])('%s is none', (spoken) => {
    expect(valueOf('Time', spoken)).toBeUndefined();
  });
});

describe('a choice', () => {
  const choices = ['Sales', 'Tech Support', 'Billing'];
  test.each([
    ['sales', 'Sales'],
    ['tech suport please', 'Tech Support'],
    ['the tech one', 'Tech Support'],
    ['biling', 'Billing'],
    ['the second one', 'Tech Support'],
    ['number three', 'Billing'],
    ['sales or billing', undefined],
    ['something else', undefined],
    ['the ninth', undefined],
  ])('%s → %s', (spoken, value) => {
    expect(valueOf('Choice', spoken, {}, choices)).toBe(value);
  });

  test('the longer of two that were named together is meant', () => {
    expect(valueOf('Choice', 'new patient', {}, ['Patient', 'New Patient'])).toBe('New Patient');
  });
});

describe('a name', () => {
  test.each([
    ['ludwig van beethoven', 'Ludwig van Beethoven'],
    ['my name is maria de la cruz and I need help', 'Maria de la Cruz'],
    ['S M I T H', 'Smith'],
    ['this is jane doe call me back on five five five', 'Jane Doe'],
    ['what are your opening hours', undefined],
    ['I would like an appointment', undefined],
  ])('%s → %s', (spoken, value) => {
    expect(valueOf('Name', spoken)).toBe(value);
  });

  test.each([
    ['es-ES', 'me llamo josé garcía', 'José García'],
    ['fr-FR', "bonjour, je m'appelle hélène d'arc", "Hélène D'Arc"],
    ['de-DE', 'guten Tag, mein Name ist jürgen müller', 'Jürgen Müller'],
  ])('in %s: %s → %s', (language, spoken, value) => {
    expect(valueOf('Name', spoken, inLanguage(language))).toBe(value);
  });
});

describe('what is read back', () => {
  test.each([
    ['Phone', '+12125550142', 'en-US', 'two one two, five five five, zero one four two'],
    [
      'Phone',
      '+442079460958',
      'en-US',
      'plus four four, two zero, seven nine four six, zero nine five eight',
    ],
    ['Phone', '5550142', 'en-US', 'five five five, zero one four two'],
    ['Phone', '+12125550142', 'de-DE', 'zwei eins zwei, fünf fünf fünf, null eins vier zwei'],
    ['Email', 'jane.doe@example.com', 'en-US', 'J A N E dot D O E at example dot com'],
    ['Email', 'ana_1@mi-casa.es', 'es-ES', 'A N A guion bajo uno arroba mi guion casa punto es'],
    ['Date', '2026-12-08', 'en-US', 'Tuesday, December 8'],
    ['Date', '2027-05-03', 'en-US', 'Monday, May 3, 2027'],
    ['Date', '2026-12-08', 'de-DE', 'Dienstag, 8. Dezember'],
    ['Time', '14:30', 'en-US', '2:30 PM'],
    ['Time', '09:00', 'en-US', '9 AM'],
    ['Time', '09:00', 'de-DE', '9 Uhr'],
  ] as const)('%s %s in %s: %s', (type, value, language, spoken) => {
    expect(readBackOf(type, value, contextInTest(inLanguage(language))).replace(/\s/g, ' ')).toBe(spoken);
  });
});
