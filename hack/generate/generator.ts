/** One generated file. */
export interface Generator {
  /** Where it is written, from the repository's root. */
  readonly path: string;
  /** Its whole content, from the content it has now (empty where it does not exist yet). */
  readonly render: (current: string) => string;
}

/**
 * A generator that owns only a part of a hand-written file: the lines between
 * `<!-- generated: <marker> -->` and `<!-- /generated -->`. Throws where the markers are missing.
 */
export function section(path: string, marker: string, render: () => string): Generator {
  return {
    path,
    render: (current) => {
      const begin = `<!-- generated: ${marker} -->`;
      const end = '<!-- /generated -->';
      const from = current.indexOf(begin);
      const to = current.indexOf(end, from);
      if (from < 0 || to < 0) throw new Error(`${path} has no ${begin} … ${end}`);
      return `${current.slice(0, from + begin.length)}\n${render()}\n${current.slice(to)}`;
    },
  };
}
