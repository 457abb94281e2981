/** `make down`: ends what any earlier command left running, whatever became of it, and removes its data. */
import { messageOf } from '#lib/errors/operating-error.ts';
import { endInstances } from './end-instances.ts';

try {
  const lines = await endInstances();
  console.log(lines.length === 0 ? 'Nothing was running.' : lines.join('\n'));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
