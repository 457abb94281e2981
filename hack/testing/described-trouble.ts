/**
 * What of `kubectl describe` a person reads who wonders why an object is stuck: the conditions that are
 * not True, and the Events. Times, ids and addresses, which differ in every run, are left out.
 */
export function describedTrouble(description: string): string {
  const conditions = [...description.matchAll(CONDITION)]
    .filter(([, , , status]) => status !== 'True')
    .map(([, message, reason, status, type]) => `${type} ${status} ${reason}\n  ${message}\n`);
  const [, table = ''] = /^Events:\s*\n(?:.*\n){2}((?:.*\n?)*)/m.exec(description) ?? [];
  const events = [...table.matchAll(EVENT)].map(
    ([, type, reason, message]) => `${type} ${reason} ${message}\n`,
  );
  return steady([...conditions, 'Events\n', ...events.toSorted().map((event) => `  ${event}`)].join(''));
}

const CONDITION =
  /^ +Message: *(.*)\n(?: +Observed Generation:.*\n)? +Reason: *(.*)\n +Status: *(.*)\n +Type: *(.*)$/gm;
/** Type, reason, age (with how often), source, message. */
const EVENT = /^ {2}(\S+) +(\S+) +\S+(?: \(.*?\))? +\S+ {2,}(.*)$/gm;

function steady(text: string): string {
  return text
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/127\.0\.0\.1:\d+/g, '<address>')
    .replace(/\+1\d{10}/g, '<number>');
}
