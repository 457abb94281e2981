/**
 * ITU-T G.711: 8-bit companded speech, mu-law (PCMU) and A-law (PCMA). Decoding and encoding are
 * table look-ups; the tables are made once from the standard's formulas.
 */
export interface Companding {
  /** 16-bit linear for each of the 256 codes. */
  readonly toLinear: Int16Array;
  /** The code for each 16-bit sample, at index `sample + 32768`. */
  readonly toCode: Uint8Array;
  /** The code of silence. */
  readonly silence: number;
}

export const MU_LAW: Companding = tables(muLawToLinear, 0xff);
export const A_LAW: Companding = tables(aLawToLinear, 0xd5);

function muLawToLinear(code: number): number {
  const inverted = ~code & 0xff;
  const exponent = (inverted >> 4) & 7;
  const mantissa = inverted & 0x0f;
  const magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function aLawToLinear(code: number): number {
  const toggled = code ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = (toggled & 0x0f) << 4;
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

/** Encoding picks the code whose value is nearest, so that decode → encode gives the same code back. */
function tables(linearOf: (code: number) => number, silence: number): Companding {
  const toLinear = Int16Array.from({ length: 256 }, (_, code) => linearOf(code));
  const byValue = [...toLinear].map((value, code) => ({ value, code })).sort((a, b) => a.value - b.value);
  const toCode = new Uint8Array(65_536);
  let nearest = 0;
  for (let sample = -32_768; sample <= 32_767; sample++) {
    while (distance(byValue[nearest + 1]?.value, sample) <= distance(byValue[nearest]?.value, sample)) {
      nearest++;
    }
    toCode[sample + 32_768] = byValue[nearest]?.code ?? silence;
  }
  toCode[32_768] = silence;
  return { toLinear, toCode, silence };
}

function distance(value: number | undefined, sample: number): number {
  return value === undefined ? Number.POSITIVE_INFINITY : Math.abs(value - sample);
}
