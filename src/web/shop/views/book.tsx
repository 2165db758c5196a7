/** One book: what it is, a look inside, and the way to buy it. */
import type { BookQuery } from '../gql/graphql.ts';
import { useQuery } from '../../shared/hooks.ts';
import { book } from '../operations/shop.ts';
import { Cover, Missing, View, Waiting } from '../parts.tsx';
import { Facts } from '../../shared/parts.tsx';
import { pathOf } from '../place.ts';
import { dateWords, languageWords, numberWords, statusWords } from '../words.ts';
import { BuyForm } from './buy.tsx';
import { Chapters } from './chapters.tsx';

const WORDS_PER_MINUTE = 230;

export type Book = NonNullable<BookQuery['edition']>;
type Revision = NonNullable<Book['liveRevision']>;
interface Entry {
  label: string;
  children?: readonly Entry[];
}

export function BookView({ id }: { id: string }) {
  const { data, error, code, again } = useQuery(book, { id });
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const { edition } = data;
  if (!edition) return <Missing title="There is no such book" />;
  const { title, liveRevision: revision, sample } = edition;
  return (
    <View title={title} heading={null} className="book">
      <div className="book-cover">
        <Cover book={edition} widthPx={320} isEager />
      </div>
      <header className="book-head">
        <h1 tabIndex={-1}>{title}</h1>
        {revision?.subtitle && <p className="subtitle">{revision.subtitle}</p>}
        <p className="makers">{makersWords(edition.contributors)}</p>
        {revision?.series && <p className="series">{seriesWords(revision.series)}</p>}
        <BuyForm book={edition} reload={again} />
      </header>
      <div className="book-body">
        <Paragraphs text={revision?.description} />
        {revision && <BookFacts edition={edition} revision={revision} />}
        {revision && revision.tableOfContents.length > 0 && (
          <details>
            <summary>Table of contents</summary>
            <Contents entries={revision.tableOfContents} />
          </details>
        )}
        {sample && sample.chapters.length > 0 ? (
          <details className="reading">
            <summary>Read a sample</summary>
            <Chapters chapters={sample.chapters} title={title} />
          </details>
        ) : (
          revision && <PlainSample revision={revision} />
        )}
        {revision?.accessibility && (
          <details>
            <summary>Accessibility</summary>
            <AccessibilityFacts facts={revision.accessibility} />
          </details>
        )}
        {revision && <InShort revision={revision} />}
      </div>
    </View>
  );
}

const makersWords = (contributors: Book['contributors']): string =>
  contributors
    .map(({ name, role, roleName }) => (role === 'aut' ? name : `${name} (${roleName.toLowerCase()})`))
    .join(', ');

const seriesWords = ({ name, position }: NonNullable<Revision['series']>): string =>
  position === null ? name : `${name}, book ${position}`;

/** Plain text with empty lines between its paragraphs. */
function Paragraphs({ text }: { text: string | null | undefined }) {
  const parts = (text ?? '').split(/\n\s*\n/).filter((part) => part.trim() !== '');
  return parts.map((part) => (
    <p key={part} className="description">
      {part}
    </p>
  ));
}

function BookFacts({ edition, revision }: { edition: Book; revision: Revision }) {
  const { language, wordCount, publicationYear, subjects } = revision;
  const { publishedAt, ratingAverage, ratingCount, isbn13, owner } = edition;
  return (
    <Facts
      facts={[
        ['Language', language === null ? null : languageWords(language)],
        ['Length', wordCount === null ? null : `${numberWords(wordCount)} words, ${readingTime(wordCount)}`],
        ['First published', publicationYear === null ? null : yearWords(publicationYear)],
        ['On sale since', publishedAt && dateWords(publishedAt)],
        ['Subjects', subjects.length > 0 && <Subjects subjects={subjects} />],
        ['Rating', ratingAverage && `${ratingAverage.toFixed(1)} of 5, ${numberWords(ratingCount)} ratings`],
        ['ISBN', isbn13],
        ['Sold by', owner.name],
        ['Format', 'EPUB, without copy protection'],
      ]}
    />
  );
}

const Subjects = ({ subjects }: { subjects: readonly string[] }) =>
  subjects.map((subject, place) => (
    <span key={subject}>
      {place > 0 && ', '}
      <a href={pathOf.subject(subject)}>{subject}</a>
    </span>
  ));

function readingTime(words: number): string {
  const minutes = Math.max(1, Math.round(words / WORDS_PER_MINUTE));
  if (minutes < 90) return `about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  return `about ${Math.round(minutes / 60)} hours`;
}

const yearWords = (year: number): string => (year < 0 ? `${-year} BCE` : String(year));

const Contents = ({ entries }: { entries: readonly Entry[] }) => (
  <ol className="contents">
    {entries.map(({ label, children = [] }, place) => (
      <li key={`${place} ${label}`} dir="auto">
        {label}
        {children.length > 0 && <Contents entries={children} />}
      </li>
    ))}
  </ol>
);

/** Of a book that was published before its chapters could be read here. */
function PlainSample({ revision: { sample, language } }: { revision: Revision }) {
  if (sample.length === 0) return null;
  return (
    <details className="sample">
      <summary>Read a sample</summary>
      <div lang={language ?? undefined} dir="auto">
        {sample.map((section, place) => (
          <section key={place}>
            {section.title !== null && <h3>{section.title}</h3>}
            {section.paragraphs.map((paragraph, line) => (
              <p key={line} dir="auto">
                {paragraph}
              </p>
            ))}
          </section>
        ))}
      </div>
    </details>
  );
}

function AccessibilityFacts({ facts }: { facts: NonNullable<Revision['accessibility']> }) {
  const { summary, features, hazards, accessModes, conformsTo } = facts;
  const words = (values: readonly string[]) => values.map(spaced).join(', ');
  return (
    <>
      {summary !== null && <p>{summary}</p>}
      <Facts
        facts={[
          ['Made for', words(accessModes)],
          ['Features', words(features)],
          ['Hazards', words(hazards)],
          ['Conforms to', words(conformsTo)],
        ]}
      />
    </>
  );
}

/** `alternativeText` → `alternative text`. */
const spaced = (word: string): string =>
  /^[a-z]+([A-Z][a-z]+)+$/.test(word) ? word.replace(/[A-Z]/g, (sign) => ` ${sign.toLowerCase()}`) : word;

function InShort({ revision: { enrichment } }: { revision: Revision }) {
  if (!enrichment || enrichment.decision !== 'ACCEPTED') return null;
  const { summary, tags, readingLevel, provenance } = enrichment;
  return (
    <aside className="machine" aria-label="Written by a machine">
      <h2>In short</h2>
      {summary !== null && <p>{summary}</p>}
      <Tags tags={tags} />
      <p className="hint">
        Written by a machine ({provenance?.model ?? provenance?.provider ?? 'unknown'}), accepted by the author.
        {readingLevel !== null && ` Reading level: ${statusWords(readingLevel).toLowerCase()}.`}
      </p>
    </aside>
  );
}

export const Tags = ({ tags }: { tags: readonly string[] }) =>
  tags.length === 0 ? null : (
    <p className="tags">
      {tags.map((tag) => (
        <span key={tag}>{tag}</span>
      ))}
    </p>
  );
