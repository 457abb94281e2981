import { z } from 'zod';

/**
 * The setting that says which of `benches` to run: `all`, or names with commas between them. Its value is
 * those names in the order of `benches`, which is the one that they are made to run in.
 */
export function askedBenches<const Name extends string>(benches: readonly Name[]) {
  return z.string().transform((text, context): Name[] => {
    if (text === 'all') return [...benches];
    const asked = text.split(',').map((name) => name.trim());
    const unknown = asked.filter((name) => !benches.some((known) => known === name));
    if (unknown.length > 0) {
      const message = `there is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}`;
      context.addIssue({ code: 'custom', message });
    }
    return benches.filter((name) => asked.includes(name));
  });
}
