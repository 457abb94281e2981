/** What the set-ups hand to test files, by the suffix that asks for it. Plain data: it crosses processes. */
export interface ProvidedServices {
  /** The instance folder in which Redis servers of tests are recorded. */
  readonly veraluxRedis: { readonly instance: string };
  readonly veraluxPostgres: { readonly adminURL: string };
  readonly veraluxCluster: { readonly kubeconfigPath: string; readonly kubectlPath: string };
}

declare module 'vitest' {
  interface ProvidedContext extends ProvidedServices {}
}
