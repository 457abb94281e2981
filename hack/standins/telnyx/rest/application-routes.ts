import { Router } from 'express';
import type { Applications } from '../inventory/applications.ts';
import { filterQuery } from './number-routes.ts';
import { pageOf, parse } from './page.ts';
import { applicationBody, applicationsFilter } from './request-bodies.ts';

/** Call Control applications: where calls' webhooks go. */
export function applicationRoutes(applications: Applications): Router {
  const router = Router();
  router.get('/call_control_applications', (request, response) => {
    const { filter } = parse(filterQuery(applicationsFilter), request.query);
    response.json(pageOf(applications.list(filter.application_name?.contains), request.query));
  });
  router.post('/call_control_applications', (request, response) => {
    response.json({ data: applications.create(parse(applicationBody, request.body)) });
  });
  router.get('/call_control_applications/:id', (request, response) => {
    response.json({ data: applications.get(request.params.id) });
  });
  router.patch('/call_control_applications/:id', (request, response) => {
    const body = parse(applicationBody, request.body);
    response.json({ data: applications.update(request.params.id, body) });
  });
  router.delete('/call_control_applications/:id', (request, response) => {
    response.json({ data: applications.remove(request.params.id) });
  });
  return router;
}
