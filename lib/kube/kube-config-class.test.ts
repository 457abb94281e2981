import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const load = fileURLToPath(new URL('./load-kube-config.ts', import.meta.url));

test('a kubeconfig is read without loading the thousand generated API classes', () => {
  // In a process of its own: the tests of other files load the whole package.
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    await import(${JSON.stringify(load)});
    console.log(JSON.stringify(loaded.filter((url) => url.includes('/client-node/dist/gen/models/')).length));
    console.log(JSON.stringify(loaded.some((url) => url.endsWith('/client-node/dist/exec_auth.js'))));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(output.trim().split('\n')).toEqual(['0', 'true']);
});
