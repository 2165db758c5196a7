/**
 * Reading in the browser: the chapters of a book as links to pages that run nothing (../server/reading.ts).
 *
 * Who may read how much is looked up again when a link is used; one signature holds for all chapters of a book.
 */
import { builder } from './builder.ts';

export interface ReadingShape {
  /** Signed; the place of the chapter is added to it. */
  link: string;
  expiresAt: Date;
  chapters: readonly { title: string | null; isCut: boolean }[];
}

const ReadingChapter = builder
  .objectRef<{ title: string | null; url: string; isCut: boolean }>('ReadingChapter')
  .implement({
    carried: true,
    description: 'A chapter to read in the browser.',
    fields: (t) => ({
      title: t.exposeString('title', { nullable: true, description: 'As the book calls it, if it does.' }),
      url: t.field({
        type: 'URL',
        description:
          'A page of HTML that runs nothing and loads nothing. Show it in `<iframe sandbox>`, or open it by itself.',
        resolve: ({ url }) => url,
      }),
      isCut: t.exposeBoolean('isCut', { description: 'The sample ends inside it.' }),
    }),
  });

export const Reading = builder.objectRef<ReadingShape>('Reading').implement({
  carried: true,
  description: 'A book, or its sample, to read in the browser.',
  fields: (t) => ({
    chapters: t.field({
      type: [ReadingChapter],
      description: 'In reading order.',
      resolve: ({ link, chapters }) =>
        chapters.map((chapter, index) => ({ ...chapter, url: `${link}&chapter=${index}` })),
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'The links are good until then.' }),
  }),
});
