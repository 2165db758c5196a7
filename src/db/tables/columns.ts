/**
 * Column types that every table shares, so that one meaning has one storage form.
 *
 * Promise: instants keep milliseconds, as JavaScript and our cursors do (PostgreSQL's microseconds would make keyset
 * pages skip rows); ids are UUIDv7 made in the program, so that they are known before the insert and sort by time.
 */
import { timestamp, uuid } from 'drizzle-orm/pg-core';
import { v7 as uuidv7 } from 'uuid';

/** An instant in UTC with millisecond precision. */
export const instant = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });

/** Primary key: a UUIDv7 made in the program. */
export const id = () =>
  uuid('id')
    .primaryKey()
    .$defaultFn(() => uuidv7());

/** A new time-ordered id. */
export const newId = (): string => uuidv7();

export const createdAt = () => instant('created_at').notNull().defaultNow();
export const updatedAt = () => instant('updated_at').notNull().defaultNow();
