import type { ToolRunner } from '../tool-runner.ts';

/** For tests of what is not about tools: none is called. */
export const noTools: Pick<ToolRunner, 'run'> = {
  run: async ({ tool }) => ({ kind: 'refused', text: `${tool.name} is not called in this test.` }),
};
