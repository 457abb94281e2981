import { Router } from 'express';
import { z } from 'zod';
import { destinationSchema } from '../calls/destinations.ts';
import { faultRuleSchema } from '../faults/fault-table.ts';
import { parse } from '../rest/page.ts';
import { profileSchema, settingsPatchSchema } from '../settings.ts';
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
  router.put('/profile', (request, response) => {
    control.useProfile(parse(profileBodySchema, request.body).profile);
    response.json(control.settings);
  });
  router.get('/pace', (_request, response) => {
    response.json(control.pace());
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
  callRoutes(router, control);
  return router;
}

const profileBodySchema = z.strictObject({ profile: profileSchema });
const placeSchema = z.strictObject({
  from: z.string().min(1).max(200),
  to: z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number in +E.164 format'),
  caller: z.unknown().optional(),
});
const digitsSchema = z.strictObject({ digits: z.string().regex(/^[0-9A-D*#]{1,100}$/) });

function callRoutes(router: Router, control: Control): void {
  router.get('/calls', (_request, response) => {
    response.json(control.calls());
  });
  router.post('/calls', (request, response) => {
    response.status(201).json(control.placeCall(parse(placeSchema, request.body)));
  });
  router.get('/ledgers', (_request, response) => {
    response.json(control.ledgers());
  });
  router.get('/recordings/:id.wav', (request, response) => {
    response.type('audio/wav').send(control.recording(request.params.id));
  });
  router.get('/calls/:id/ledger', (request, response) => {
    response.json(control.ledgerOf(request.params.id));
  });
  router.get('/calls/:id', (request, response) => {
    response.json(control.call(request.params.id));
  });
  router.post('/calls/:id/hangup', (request, response) => {
    control.callerHangsUp(request.params.id);
    response.json(control.call(request.params.id));
  });
  router.post('/calls/:id/digits', (request, response) => {
    control.press(request.params.id, parse(digitsSchema, request.body).digits);
    response.json(control.call(request.params.id));
  });
  router.put('/destinations/:number', (request, response) => {
    control.setDestination(request.params.number, parse(destinationSchema, request.body));
    response.status(204).end();
  });
}
