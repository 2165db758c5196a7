/** Subjects: what a book is about, in a few words each. */
import { z } from 'zod';
import { lineSchema } from './text.ts';

export const SUBJECTS_MAX = 30;
export const SUBJECT_CHARS_MAX = 100;

/** Doubles that differ in case only are dropped; the first spelling stays. */
export const subjectsSchema = z
  .array(lineSchema('subject', SUBJECT_CHARS_MAX))
  .max(SUBJECTS_MAX, `A book has ${SUBJECTS_MAX} subjects at most.`)
  .transform((subjects) => {
    const folded = subjects.map((subject) => subject.toLowerCase());
    return subjects.filter((_subject, index) => folded.indexOf(folded[index] ?? '') === index);
  });
