/** Words of others, as those of the cluster's policies, so that another sentence may follow them. */
export function asSentence(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}
