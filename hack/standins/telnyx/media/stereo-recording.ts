import { closeSync, openSync, writeSync } from 'node:fs';
import { encodePcm, wavHeader } from '#hack/engines/wav.ts';

export const LINE_HZ = 16_000;
const FRAME_SAMPLES = LINE_HZ / 50;
const FRAMES_A_WRITE = 50;

/** A call as a stereo WAV at 16 kHz while it goes on: the caller on the left, the agent on the right. */
export class StereoRecording {
  readonly path: string;
  readonly #file: number;
  #frames: Buffer[] = [];
  #dataBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'w', 0o600);
    writeSync(this.#file, wavHeader(LINE_HZ, 2, 0));
  }

  /** 20 ms of both sides at 16 kHz; absent is silence. */
  frame(caller: Int16Array | undefined, agent: Int16Array | undefined): void {
    const both = new Int16Array(FRAME_SAMPLES * 2);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      both[i * 2] = caller?.[i] ?? 0;
      both[i * 2 + 1] = agent?.[i] ?? 0;
    }
    this.#frames.push(encodePcm(both));
    if (this.#frames.length >= FRAMES_A_WRITE) this.#write();
  }

  close(): void {
    this.#write();
    writeSync(this.#file, wavHeader(LINE_HZ, 2, this.#dataBytes), 0, undefined, 0);
    closeSync(this.#file);
  }

  #write(): void {
    const bytes = Buffer.concat(this.#frames);
    this.#frames = [];
    if (bytes.length === 0) return;
    writeSync(this.#file, bytes);
    this.#dataBytes += bytes.length;
  }
}
