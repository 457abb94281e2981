/** Of a child that another controller keeps changing, in words that stay the same while it lasts. */
export function contestedMessage(child: string, changedBy: string | undefined): string {
  const by = changedBy === undefined ? 'somebody' : changedBy;
  const whom = changedBy === undefined ? 'whoever does that' : changedBy;
  return (
    `${child} is changed or deleted by ${by} again and again, and is put back later and later, at the latest ` +
    `after 15 minutes. Have ${whom} leave what is labelled app.kubernetes.io/managed-by=veralux-operator alone.`
  );
}
