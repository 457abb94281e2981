import { z } from 'zod';
import { withRules } from './rule.ts';

/**
 * The kinds of single values that specs are made of; every string has a maximum length. A pattern is
 * a CEL rule with a sentence rather than OpenAPI's `pattern`, whose refusal would show people the
 * regular expression. Patterns are written so that Go's RE2 and JavaScript read them alike.
 */

/** Free text of 1 to `max` characters. */
export const text = (max: number) => z.string().min(1).max(max);

/** Text of at most `max` characters that matches `pattern` from its start to its end. */
export function matching(pattern: RegExp, max: number, message: string) {
  return withRules(z.string().max(max), [
    { cel: `self.matches(r'${pattern.source}')`, message, holds: (value) => pattern.test(value) },
  ]);
}

export const dnsLabel = (max = 63) =>
  matching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, max, 'must be a DNS label: a-z, 0-9 and -');

/** The name of a Kubernetes object such as a Secret or ConfigMap: DNS labels joined by dots. */
export const objectName = () =>
  matching(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 253, 'must be the name of a Kubernetes object');

/** E.164 (ITU-T): a plus sign, then 7 to 15 digits, the first not 0. */
export const e164 = () =>
  matching(/^\+[1-9][0-9]{6,14}$/, 16, 'must be a number in E.164 form, such as +13125550142');

export const uuid = () =>
  matching(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    36,
    'must be a UUID in lower case',
  );

/** A name of the IANA time zone database. Whether the zone exists is for the operator to say. */
export const timeZone = () =>
  matching(
    /^(UTC|[A-Z][A-Za-z0-9_+-]*([/][A-Za-z0-9_+-]+){1,2})$/,
    64,
    'must be an IANA time zone, such as America/Chicago',
  );

/** BCP 47: a language, then optionally a script and a region. */
export const language = () =>
  matching(
    /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/,
    16,
    'must be a BCP 47 language, such as en-US',
  );

/** ISO 3166-1 alpha-2. */
export const countryCode = () => matching(/^[A-Z]{2}$/, 2, 'must be a country of two letters, such as US');

export const email = () =>
  matching(
    /^[!-?A-~]+@[A-Za-z0-9.-]+[.][A-Za-z0-9-]+$/,
    254,
    'must be an e-mail address, such as office@example.com',
  );

export const url = (...protocols: readonly string[]) =>
  matching(
    new RegExp(`^(${protocols.join('|')}):[/][/][A-Za-z0-9.:\\[\\]-]+([/?#][!-~]*)?$`),
    512,
    `must be a URL starting with ${protocols.join(':// or ')}://`,
  );

/** HH:MM on the 24-hour clock, 24:00 included as the end of a day. */
export const timeOfDay = () =>
  matching(/^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/, 5, 'must be a time of day, such as 08:30');

/** YYYY-MM-DD. */
export const calendarDate = () =>
  matching(/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/, 10, 'must be a date, such as 2027-12-25');

/** A decimal number as text: specs hold no floating-point numbers. `pattern` bounds its range. */
export const decimal = (pattern: RegExp, error: string) => matching(pattern, 8, error);

/** A whole number in [min, max]. */
export const whole = (min: number, max: number) => z.number().int().min(min).max(max);

export const UNLIMITED = 'Unlimited';
const MAX_LIMIT = 1_000_000_000;

/** A limit: a whole number from 0, or the word Unlimited. */
export const limit = () =>
  withRules(
    z
      .union([whole(0, MAX_LIMIT), z.literal(UNLIMITED)], {
        error: 'must be a whole number from 0, or Unlimited',
      })
      .meta({ 'x-kubernetes-int-or-string': true }),
    [
      {
        cel: `type(self) == int ? self >= 0 && self <= ${MAX_LIMIT} : self == '${UNLIMITED}'`,
        message: 'must be a whole number from 0, or Unlimited',
      },
    ],
  );

export type Limit = number | typeof UNLIMITED;

/** A Kubernetes quantity such as 500m, 2 or 16Gi. */
export const quantity = () =>
  z
    .union(
      [whole(0, 1_000_000_000), matching(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, 32, 'a quantity')],
      {
        error: 'must be a quantity, such as 500m, 2 or 16Gi',
      },
    )
    .meta({
      'x-kubernetes-int-or-string': true,
      pattern: '^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$',
      maxLength: 32,
    });
