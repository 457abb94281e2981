/** A pattern for all that was said, with words of politeness around it. Both are alternatives: `a|b|c`. */
export function whole(core: string, polite: string): RegExp {
  return new RegExp(`^(?:(?:${polite}) )*(?:${core})(?: (?:${polite}|${core}))*$`);
}
