import { beforeEach, describe, expect, test } from 'vitest';
import { Floor } from './floor.ts';

const INTERRUPTIONS = { enabled: true, minSpeechSeconds: '0.3' };

describe('the floor', () => {
  let interrupted: number;
  let voice: { speaking: boolean; mustBeHeard: boolean; awaitsAnswer: boolean; interrupt(): boolean };
  let floor: Floor;

  beforeEach(() => {
    interrupted = 0;
    voice = {
      speaking: true,
      mustBeHeard: false,
      awaitsAnswer: true,
      interrupt() {
        if (this.mustBeHeard) return false;
        interrupted++;
        this.speaking = false;
        return true;
      },
    };
    floor = new Floor(voice, INTERRUPTIONS);
  });

  test('is taken by speech of the least length, and not by less', () => {
    floor.spoken(280);
    expect([interrupted, floor.isCallers]).toEqual([0, false]);
    floor.spoken(320);
    expect([interrupted, floor.isCallers]).toEqual([1, true]);
  });

  test('is taken once what must be heard is over, where the caller spoke under that', () => {
    voice.mustBeHeard = true;
    floor.spoken(320);
    floor.look();
    expect([interrupted, floor.isCallers]).toEqual([0, true]);
    voice.mustBeHeard = false;
    floor.look();
    floor.look();
    expect(interrupted).toBe(1);
  });

  test('stays with an agent who says goodbye', () => {
    Object.assign(voice, { mustBeHeard: true, awaitsAnswer: false });
    floor.spoken(900);
    expect(floor.isCallers).toBe(false);
    voice.mustBeHeard = false;
    floor.look();
    expect(interrupted).toBe(0);
  });

  test('is not taken from the next turn by what was said under the one before', () => {
    voice.mustBeHeard = true;
    floor.spoken(320);
    voice.speaking = false;
    floor.look();
    Object.assign(voice, { speaking: true, mustBeHeard: false });
    floor.look();
    expect(interrupted).toBe(0);
  });

  test('is never taken where the tenant allows no interruptions', () => {
    const closed = new Floor(voice, { ...INTERRUPTIONS, enabled: false });
    closed.spoken(5_000);
    expect([interrupted, closed.isCallers]).toEqual([0, false]);
  });
});
