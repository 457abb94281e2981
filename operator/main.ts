import { runProgram } from '#lib/lifecycle/run-program.ts';
import { operatorOptions } from './config.ts';
import { runOperator } from './run-operator.ts';

process.exit(
  await runProgram(process, {
    name: 'operator',
    summary:
      'turns Tenants, PhoneNumbers and VoiceRuntimes into namespaces, Telnyx numbers and call routing.',
    options: operatorOptions,
    run: runOperator,
  }),
);
