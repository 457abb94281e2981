import { describe, expect, test } from 'vitest';
import { completenessOf } from './completeness.ts';
import { Endpointing } from './endpointing.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';

const BOUNDS = { minMs: 400, maxMs: 1_500 };

/** Speech, then so much silence; whether the turn ended in it. */
function speechThen(endpointing: Endpointing, silenceMs: number): boolean {
  endpointing.stops(1);
  for (let ms = 0; ms < silenceMs; ms += DETECTOR_FRAME_MS) if (endpointing.stops(0)) return true;
  return false;
}

describe('the silence that ends a turn', () => {
  test('is over a second for a caller of whom nothing is known', () => {
    expect(speechThen(new Endpointing(BOUNDS), 1_200)).toBe(false);
    expect(speechThen(new Endpointing(BOUNDS), 1_280)).toBe(true);
  });

  test.each([
    ['grows for a caller who pauses for long', 1_000, 1_000, 1_400],
    ['shrinks for one who hardly pauses', 200, 400, 500],
    ['never passes its bounds', 3_000, 1_500, 1_500],
  ])('%s', (_, pauseMs, atLeastMs, atMostMs) => {
    const endpointing = new Endpointing(BOUNDS);
    for (let pause = 0; pause < 12; pause++) endpointing.paused(pauseMs);
    expect(endpointing.endsAfterMs).toBeGreaterThanOrEqual(atLeastMs);
    expect(endpointing.endsAfterMs).toBeLessThanOrEqual(atMostMs);
  });

  test('is moved by what the words sound like, until there is speech again', () => {
    const endpointing = new Endpointing(BOUNDS);
    endpointing.stops(1);
    endpointing.judge('Open');
    expect(endpointing.endsAfterMs).toBe(1_500);
    endpointing.judge('Whole');
    expect(endpointing.endsAfterMs).toBe(480);
    endpointing.judge('Rounded');
    expect(endpointing.endsAfterMs).toBe(1_030);
    endpointing.stops(1);
    expect(endpointing.endsAfterMs).toBe(1_250);
  });

  test('is not shortened by sentences that sound finished for a caller who goes on after them', () => {
    const endpointing = new Endpointing(BOUNDS);
    endpointing.cutOff(1_100);
    endpointing.judge('Rounded');
    expect(endpointing.endsAfterMs).toBe(1_350);
    endpointing.judge('Whole');
    expect(endpointing.endsAfterMs).toBe(480);
  });

  test('is as short for a sentence that sounds finished as this caller hardly ever pauses', () => {
    const endpointing = new Endpointing(BOUNDS);
    for (let pause = 0; pause < 8; pause++) endpointing.paused(300);
    endpointing.judge('Rounded');
    expect(endpointing.endsAfterMs).toBe(550);
  });

  test('has begun when the sound died away, and not when the model noticed', () => {
    const endpointing = new Endpointing(BOUNDS);
    endpointing.stops(1);
    expect(endpointing.stops(0.4, 96)).toBe(false);
    expect(endpointing.silenceMs).toBe(0);
    endpointing.stops(0.1, 128);
    expect(endpointing.silenceMs).toBe(128);
    endpointing.stops(0.4, 160);
    expect(endpointing.silenceMs).toBe(160);
  });

  test('learns of each pause within a turn, and not of breath', () => {
    const endpointing = new Endpointing(BOUNDS);
    for (let word = 0; word < 20; word++) expect(speechThen(endpointing, 128)).toBe(false);
    expect(endpointing.endsAfterMs).toBe(1_250);
    for (let clause = 0; clause < 20; clause++) expect(speechThen(endpointing, 600)).toBe(false);
    expect(endpointing.endsAfterMs).toBeGreaterThan(600);
  });
});

describe('words', () => {
  test.each([
    ['yes', 'Unknown', 'en-GB', 'Whole'],
    ['Yes, please.', 'Unknown', 'en-US', 'Whole'],
    ['my name is', 'Unknown', 'en-US', 'Open'],
    ['My name is.', 'Whole', 'en-US', 'Open'],
    ['i would like to book a table for', 'Unknown', 'en-US', 'Open'],
    ['i would like to book a table', 'Unknown', 'en-US', 'Unknown'],
    ['I would like to book a table for two.', 'Unknown', 'en-US', 'Rounded'],
    ['i would like to book a table for two', 'Part', 'en-US', 'Open'],
    ['Do you have a table for two?', 'Unknown', 'en-US', 'Whole'],
    ['um', 'Unknown', 'en-US', 'Open'],
    ['Hello?', 'Unknown', 'en-US', 'Open'],
    ['Well,', 'Unknown', 'en-US', 'Open'],
    ['I think,', 'Unknown', 'en-US', 'Open'],
    ['the inspection i think', 'Unknown', 'en-US', 'Unknown'],
    ['next friday', 'Rounded', 'en-US', 'Rounded'],
    ['next friday please', 'Rounded', 'en-US', 'Whole'],
    ['the roof, please', 'Unknown', 'en-US', 'Unknown'],
    ['der garten, bitte.', 'Rounded', 'de-DE', 'Whole'],
    ['that went well', 'Unknown', 'en-US', 'Unknown'],
    ['we need', 'Unknown', 'en-US', 'Open'],
    ['Yes, it is.', 'Unknown', 'en-US', 'Whole'],
    ['the reason is', 'Unknown', 'en-US', 'Open'],
    ['No, that is all.', 'Unknown', 'en-US', 'Whole'],
    ['quisiera', 'Unknown', 'es-MX', 'Open'],
    ['bonjour', 'Unknown', 'fr-CA', 'Open'],
    ['ich möchte', 'Unknown', 'de-AT', 'Open'],
    ['five five five', 'Part', 'en-US', 'Open'],
    ['five five five zero one two three', 'Whole', 'en-US', 'Whole'],
    ['ich heiße', 'Unknown', 'de-DE', 'Unknown'],
    ['ja bitte', 'Unknown', 'de-DE', 'Whole'],
    ['me llamo juan y', 'Unknown', 'es-ES', 'Open'],
    ['oui', 'Unknown', 'fr-FR', 'Whole'],
    ['はい', 'Unknown', 'ja-JP', 'Unknown'],
    ['', 'Unknown', 'en-US', 'Unknown'],
  ] as const)('%j, by the workflow %s, in %s, are %s', (text, answer, language, expected) => {
    expect(completenessOf(text, answer, language)).toBe(expected);
  });
});
