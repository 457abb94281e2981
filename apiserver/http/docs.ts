import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Express } from 'express';

/** The files of swagger-ui that the page needs; nothing comes from another server. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>VeraLux Receptionist: the API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/open.js"></script>
  </body>
</html>
`;

const OPEN = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: false,
  validatorUrl: null,
});
`;

/** Serves `/docs`: the OpenAPI document as a page that people can read and try. */
export function serveDocs(app: Express): void {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  app.get('/docs', (_request, response) => void response.type('html').send(PAGE));
  app.get('/docs/open.js', (_request, response) => void response.type('text/javascript').send(OPEN));
  for (const asset of ASSETS) {
    app.get(`/docs/${asset}`, (_request, response) =>
      response.sendFile(join(folder, asset), { maxAge: '1h', dotfiles: 'allow' }),
    );
  }
}
