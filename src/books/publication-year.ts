/** The year of first publication; negative years are before our era: -750 is 750 BCE, and there is no year 0. */
import { z } from 'zod';

export const YEAR_MIN = -5_000;
export const YEAR_MAX = 2_200;

export const isPublicationYear = (year: number): boolean =>
  Number.isInteger(year) && year >= YEAR_MIN && year <= YEAR_MAX && year !== 0;

export const publicationYearSchema = z.number().refine(isPublicationYear, {
  error: `A year of first publication is a whole number from ${YEAR_MIN} to ${YEAR_MAX}, not 0; negative is BCE.`,
});
