import { Router } from 'express';
import { faultRuleSchema } from '../faults/fault-table.ts';
import { parse } from '../rest/page.ts';
import { settingsPatchSchema } from '../settings.ts';
import type { Control } from './control.ts';

/** The control API over HTTP: what `Control` does, under `/_standin`. */
export function controlRoutes(control: Control): Router {
  const router = Router();
  router.get('/account', (_request, response) => {
    response.json(control.account());
  });
  router.get('/settings', (_request, response) => {
    response.json(control.settings);
  });
  router.patch('/settings', (request, response) => {
    control.change(parse(settingsPatchSchema, request.body));
    response.json(control.settings);
  });
  router.get('/requests', (_request, response) => {
    response.json(control.requests());
  });
  router.get('/inventory', (_request, response) => {
    response.json(control.inventory());
  });
  router.get('/faults', (_request, response) => {
    response.json(control.faults.list());
  });
  router.post('/faults', (request, response) => {
    control.faults.add(parse(faultRuleSchema, request.body));
    response.status(201).json(control.faults.list());
  });
  router.delete('/faults', (_request, response) => {
    control.faults.clear();
    response.json([]);
  });
  return router;
}
