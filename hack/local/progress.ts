/** How a long step tells what it is doing: lines that stay, and a state that the next one replaces. */
export interface Progress {
  line(text: string): void;
  /** What is true now. Shown in place on a terminal, and as a line now and then elsewhere. */
  state(text: string): void;
}

interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const STATE_LINE_MS = 20_000;
const CLEAR_LINE = '\r\u001b[K';

export function createProgress(output: Output): Progress {
  let stateShown = false;
  let lastStateLine = performance.now();
  return {
    line(text) {
      output.write(`${stateShown ? CLEAR_LINE : ''}${text}\n`);
      stateShown = false;
    },
    state(text) {
      if (output.isTTY === true) {
        output.write(`${CLEAR_LINE}${text}`);
        stateShown = true;
      } else if (performance.now() - lastStateLine >= STATE_LINE_MS) {
        output.write(`${text}\n`);
        lastStateLine = performance.now();
      }
    },
  };
}
