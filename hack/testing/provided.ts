/** What the set-ups hand to test files, by the suffix that asks for it. Plain data: it crosses processes. */
export interface ProvidedServices {
  /** `instance` is the folder of the test run, in which what tests start is recorded. */
  readonly veraluxRedis: { readonly instance: string };
  readonly veraluxPostgres: {
    readonly adminURL: string;
    /** JWT_SECRET, where the run was given one. */
    readonly jwtSecret: string | undefined;
  };
  readonly veraluxCluster: {
    readonly instance: string;
    readonly kubeconfigPath: string;
    readonly kubectlPath: string;
  };
}

declare module 'vitest' {
  interface ProvidedContext extends ProvidedServices {}
}
