import { z } from 'zod';

/** Postgres knows no year 0. */
const time = z.iso.datetime().refine((at) => !at.startsWith('0000'), 'must be a year from 1 on');

/** The part of a list's query that says of which time its items are. */
export const timeRange = {
  since: time
    .optional()
    .describe('From then on.')
    .meta({ examples: ['2026-11-01T00:00:00Z'] }),
  until: time
    .optional()
    .describe('Before then.')
    .meta({ examples: ['2026-12-01T00:00:00Z'] }),
};
