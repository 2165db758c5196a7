/** Every schedule there is: a new one is a line here, an event in ../events and the workflow that the event starts. */
import { healthDue } from '../events/index.ts';
import type { Schedule } from './schedule.ts';

const HOUR_MS = 3_600_000;

/** @param crons the expressions that an operator may set */
export const schedulesOf = (crons: { health: string }): Schedule[] => [
  { name: 'health', cron: crons.health, catchUpMs: HOUR_MS, due: (slot) => healthDue.of({ slot }) },
];
