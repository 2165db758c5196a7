/** What a reader owns, and how to get it. */
import type { LibraryQuery } from '../gql/graphql.ts';
import { library } from '../operations/shop.ts';
import { Cover, View, Waiting } from '../parts.tsx';
import { Badge } from '../../shared/parts.tsx';
import { pathOf } from '../place.ts';
import { MoreButton, usePages } from '../../shared/pages.tsx';
import { dateWords, makersOf, statusWords } from '../words.ts';
import { DownloadButton } from './download.tsx';

type Right = LibraryQuery['myLibrary']['nodes'][number];

export default function LibraryView() {
  const pages = usePages(library, ({ myLibrary }) => myLibrary, {});
  if (!pages.isThere) return <Waiting {...pages} />;
  return (
    <View title="Library" heading="Your library">
      <p>
        <a href="/app/orders">Your orders</a>
      </p>
      {pages.nodes.length === 0 && (
        <p className="panel">
          No book yet. <a href="/app">Find one in the shop</a>.
        </p>
      )}
      <ul className="rows">
        {pages.nodes.map((right) => (
          <Row key={right.id} right={right} />
        ))}
      </ul>
      <MoreButton pages={pages} />
    </View>
  );
}

function Row({ right: { id, status, createdAt, edition } }: { right: Right }) {
  const { title, contributors, onSale } = edition;
  return (
    <li>
      <Cover book={edition} widthPx={64} />
      <div className="row-words">
        <p className="book-title">{onSale ? <a href={pathOf.book(edition.id)}>{title}</a> : title}</p>
        <p className="book-makers">{makersOf(contributors)}</p>
        <p className="hint">Yours since {dateWords(createdAt)}</p>
      </div>
      {status === 'ACTIVE' ? (
        <>
          <a className="button" href={pathOf.reading(id)} aria-label={`Read ${title}`}>
            Read
          </a>
          <DownloadButton editionId={edition.id} />
        </>
      ) : (
        <Badge tone="bad">{statusWords(status)}</Badge>
      )}
    </li>
  );
}
