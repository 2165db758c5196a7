/**
 * Who did what for a book: relator codes of the MARC code list, of which these are the ones that ebooks use.
 * Source: https://www.loc.gov/marc/relators/relaterm.html
 */
import { z } from 'zod';
import { lineSchema } from './text.ts';

const roles = {
  aut: 'Author',
  adp: 'Adapter',
  aft: 'Author of afterword',
  aui: 'Author of introduction',
  arr: 'Arranger',
  art: 'Artist',
  bkd: 'Book designer',
  clr: 'Colorist',
  cmm: 'Commentator',
  com: 'Compiler',
  ctb: 'Contributor',
  cov: 'Cover designer',
  edt: 'Editor',
  ill: 'Illustrator',
  ltr: 'Letterer',
  nrt: 'Narrator',
  pht: 'Photographer',
  trl: 'Translator',
  win: 'Writer of introduction',
  wpr: 'Writer of preface',
} as const;

export type ContributorRole = keyof typeof roles;

const isRole = (code: string): code is ContributorRole => Object.hasOwn(roles, code);

/** The role in words: `Illustrator`; the code itself when it is not one of ours, as a file may carry any. */
export const roleName = (code: string): string => (isRole(code) ? roles[code] : code);

export const CONTRIBUTORS_MAX = 50;
export const CONTRIBUTOR_NAME_CHARS_MAX = 200;

export const roleSchema = z.string().refine(isRole, {
  error: `This is not a role code. Use one of ${Object.keys(roles).join(', ')}.`,
});
export const contributorNameSchema = lineSchema('name', CONTRIBUTOR_NAME_CHARS_MAX);

export interface Contributor {
  name: string;
  /** MARC relator code. */
  role: string;
}
