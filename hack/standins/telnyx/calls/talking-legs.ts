import type { Clock } from '#lib/clock/clock.ts';
import { FramePacer, PHASES } from '../media/frame-pacer.ts';
import type { CallLeg } from './call-leg.ts';

/** A louder sample than this is heard: −54 dB of full scale, over what G.711 makes of silence. */
const AUDIBLE = 64;

/** All legs that have been answered: carries 20 ms of audio both ways for each, on one timer. */
export class TalkingLegs {
  readonly #pacer: FramePacer;
  readonly #phases: readonly Set<CallLeg>[] = Array.from({ length: PHASES }, () => new Set<CallLeg>());
  #opened = 0;

  constructor(clock: Clock) {
    this.#pacer = new FramePacer({
      clock,
      onPhase: (phase) => {
        for (const leg of this.#phases[phase] ?? []) carryFrame(leg);
      },
      onSkip: (frames) => {
        for (const leg of this.#phases.flatMap((legs) => [...legs])) leg.frames += frames;
      },
    });
  }

  /** The phase of the next leg. */
  nextPhase(): number {
    this.#opened += 1;
    return this.#opened % PHASES;
  }

  /** How often the stand-in itself could not keep its pace. */
  get stalls(): number {
    return this.#pacer.stalls;
  }

  /** How late a frame was at most in the last one to two seconds. */
  get delayMs(): number {
    return this.#pacer.delayMs;
  }

  add(leg: CallLeg): void {
    this.#phases[leg.phase]?.add(leg);
    this.#pacer.start();
  }

  delete(leg: CallLeg): void {
    this.#phases[leg.phase]?.delete(leg);
    if (this.#phases.every((legs) => legs.size === 0)) this.#pacer.stop();
  }

  stop(): void {
    this.#pacer.stop();
  }
}

/** 20 ms of one leg. While it is connected to a person its audio is not modelled. */
function carryFrame(leg: CallLeg): void {
  const atMs = leg.callMs;
  leg.frames += 1;
  if (leg.state !== 'answered') return;
  const { caller, stream, taping, recording } = leg;
  const said = caller?.speak();
  const voice = leg.voice.tick();
  stream?.frame(said);
  const playing = stream?.playing ?? voice;
  const sounding = playing !== undefined && isAudible(playing);
  leg.hearing.frame(atMs, sounding, said !== undefined);
  const listens = caller !== undefined && caller.hearsSoundOnly !== true;
  if (!taping && !recording && !listens) {
    caller?.hear(undefined, sounding);
    return;
  }
  const heard = stream?.heard() ?? voice;
  const samples = said !== undefined && 'payload' in said ? said.samples : said;
  recording?.frame(samples, heard);
  taping?.frame(samples, heard);
  caller?.hear(listens ? heard : undefined, sounding);
}

function isAudible(frame: Int16Array): boolean {
  for (let i = 0; i < frame.length; i += 1) {
    if (Math.abs(frame[i] ?? 0) > AUDIBLE) return true;
  }
  return false;
}
