/**
 * The tables of ITU-T G.722 (09/2012), by the names that clause 6.2 of the recommendation gives them. Where the
 * index is a code, both ends of a line use it; decision levels and codes of the quantiser are the encoder's alone.
 */

/** Coefficients of one half of the quadrature mirror filter; the other half has them backwards. */
export const QMF = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);

/** Decision levels of the lower band's quantiser, in 4,096ths of the step. */
export const Q6 = Int32Array.from([
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
  1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
]);
/** The decision level of the higher band's quantiser, likewise. */
export const Q2 = 564;

/** Magnitudes of the lower band's 30 levels, from the innermost, in 32,768ths of the step. */
const LEVELS_6 = [
  136, 432, 728, 1040, 1360, 1688, 2032, 2400, 2776, 3168, 3576, 4008, 4464, 4944, 5456, 6000, 6576, 7192,
  7856, 8576, 9360, 10232, 11192, 12280, 13512, 14984, 16704, 19008, 21904, 24808,
];

/**
 * The code of each level of the lower band. Positive ones count down from 61 to 32; negative ones have 63 and 62 for
 * the two innermost and then count down from 31 to 4.
 */
export const POSITIVE_CODES = Uint8Array.from(LEVELS_6, (_, level) => 61 - level);
export const NEGATIVE_CODES = Uint8Array.from(LEVELS_6, (_, level) => (level < 2 ? 63 - level : 33 - level));

/** What each of the lower band's codes stands for, in 32,768ths of the step: codes 0 to 3 are not sent. */
export const QM6 = codeBook();

function codeBook(): Int32Array {
  const book = new Int32Array(64).fill(-136, 0, 4);
  for (const [level, magnitude] of LEVELS_6.entries()) {
    book[POSITIVE_CODES[level] ?? 0] = magnitude;
    book[NEGATIVE_CODES[level] ?? 0] = -magnitude;
  }
  return book;
}

/** The same of the four bits of a code that predictor and step follow, and of the higher band's two. */
export const QM4 = Int32Array.from([
  0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584,
  1_200, 0,
]);
export const QM2 = Int32Array.of(-7_408, -1_616, 7_408, 1_616);

/** How much each of those codes moves the logarithm of the step. */
const [WL, WH] = [[-60, -30, 58, 172, 334, 538, 1_198, 3_042] as const, [-214, 798] as const];
const RL42 = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0] as const;
export const W4 = Int32Array.from(RL42, (index) => WL[index]);
export const W2 = Int32Array.of(WH[1], WH[0], WH[1], WH[0]);

/** 2,048 times two to the power of n/32. */
export const ILB = Int32Array.from({ length: 32 }, (_, n) => Math.round(2_048 * 2 ** (n / 32)));
