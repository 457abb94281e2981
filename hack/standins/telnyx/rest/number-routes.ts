import { Router } from 'express';
import { z } from 'zod';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import { apiErrors } from './api-error.ts';
import { pageOf, parse } from './page.ts';
import {
  availableNumbersFilter,
  numberOrderBody,
  numberOrdersFilter,
  phoneNumberPatch,
  phoneNumbersFilter,
} from './request-bodies.ts';

/** Searching, ordering, assigning and releasing numbers. */
export function numberRoutes(numbers: Numbers, applications: Applications): Router {
  const router = Router();

  router.get('/available_phone_numbers', (request, response) => {
    const data = numbers.search(parse(filterQuery(availableNumbersFilter), request.query).filter);
    response.json({ data, meta: { total_results: data.length, best_effort_results: 0 } });
  });

  router.post('/number_orders', (request, response) => {
    const body = parse(numberOrderBody, request.body);
    if (body.connection_id !== undefined) connectionMustExist(applications, body.connection_id);
    response.json({ data: numbers.order(body) });
  });
  router.get('/number_orders', (request, response) => {
    const { filter } = parse(filterQuery(numberOrdersFilter), request.query);
    const found = numbers.orders().filter((order) => holds(order, filter));
    response.json(pageOf(found, request.query));
  });
  router.get('/number_orders/:id', (request, response) => {
    response.json({ data: numbers.getOrder(request.params.id) });
  });

  router.get('/phone_numbers', (request, response) => {
    const { filter } = parse(filterQuery(phoneNumbersFilter), request.query);
    const { phone_number, ...exact } = filter;
    // As documented: at least three digits, and any other character (also the plus) finds nothing.
    if (phone_number !== undefined && !/^\d{3,}$/.test(phone_number)) {
      response.json(pageOf([], request.query));
      return;
    }
    const found = numbers
      .owned()
      .filter((number) => number.phone_number.includes(phone_number ?? '') && holds(number, exact));
    response.json(pageOf(found, request.query));
  });
  router.get('/phone_numbers/:id', (request, response) => {
    response.json({ data: numbers.get(request.params.id) });
  });
  router.patch('/phone_numbers/:id', (request, response) => {
    const patch = parse(phoneNumberPatch, request.body);
    if (patch.connection_id) connectionMustExist(applications, patch.connection_id);
    response.json({ data: numbers.update(request.params.id, patch) });
  });
  router.delete('/phone_numbers/:id', (request, response) => {
    response.json({ data: numbers.release(request.params.id) });
  });
  return router;
}

/** A query's `filter[…]`, strict; `page[…]` and `sort` beside it are read elsewhere. */
export function filterQuery<S extends z.ZodType>(filter: S) {
  return z.object({ filter: z.preprocess((value) => value ?? {}, filter) });
}

function holds(item: object, filter: Readonly<Record<string, unknown>>): boolean {
  const fields = new Map<string, unknown>(Object.entries(item));
  return Object.entries(filter).every(([key, value]) => fields.get(key) === value);
}

function connectionMustExist(applications: Applications, id: string): void {
  if (!applications.find(id))
    throw apiErrors.invalid(`connection_id ${id} does not exist.`, '/connection_id');
}
