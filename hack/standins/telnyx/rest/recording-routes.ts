import { Router } from 'express';
import type { Recordings } from '../calls/recordings.ts';
import { filterQuery } from './number-routes.ts';
import { pageOf, parse } from './page.ts';
import { recordingsFilter } from './request-bodies.ts';

/** What was recorded by command, and is kept until it is deleted. */
export function recordingRoutes(recordings: Pick<Recordings, 'list' | 'delete'>): Router {
  const router = Router();

  router.get('/recordings', (request, response) => {
    const {
      to,
      call_leg_id: legID,
      connection_id: connectionID,
      created_at: created,
    } = parse(filterQuery(recordingsFilter), request.query).filter;
    const latestMs = Date.parse(created?.lte ?? '');
    const found = recordings
      .list()
      .filter((recording) => legID === undefined || recording.call_leg_id === legID)
      .filter((recording) => to === undefined || recording.to === to)
      .filter((recording) => connectionID === undefined || recording.connection_id === connectionID)
      .filter(({ created_at: at = '' }) => Number.isNaN(latestMs) || Date.parse(at) <= latestMs);
    response.json(pageOf(found, request.query));
  });

  router.delete('/recordings/:id', (request, response) => {
    response.json({ data: recordings.delete(request.params.id) });
  });
  return router;
}
