import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '#lib/config/config.ts';
import { operatorOptions } from './config.ts';

test('only Redis has to be said', () => {
  expect(loadConfig(operatorOptions, { REDIS_URL: 'redis://localhost:6379' })).toMatchObject({
    NAMESPACE: 'veralux-system',
    TELNYX_BASE_URL: 'https://api.telnyx.com/v2',
    PORT: 8081,
  });
});

test('everything that is wrong is named at once', () => {
  const env = { REDIS_URL: 'http://x', PORT: 'many', NAMESPACE: 'Not_One', LOG_LEVEL: 'loud' };
  const problems = () => {
    try {
      loadConfig(operatorOptions, env);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  };
  for (const name of Object.keys(env)) expect(problems().join('\n')).toContain(name);
  expect(problems()).toHaveLength(4);
});
