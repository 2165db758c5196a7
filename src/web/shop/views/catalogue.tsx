/** Browsing: search, language, order, pages. The address holds what is asked, so that it can be shared. */
import { useCallback, useEffect, useState } from 'react';
import type { CatalogueQuery } from '../gql/graphql.ts';
import { client } from '../../shared/client.ts';
import { useQuery } from '../../shared/hooks.ts';
import { Choice, Input } from '../../shared/forms.tsx';
import { catalogue, catalogueFacets } from '../operations/shop.ts';
import { Cover, View } from '../parts.tsx';
import { Problem } from '../../shared/parts.tsx';
import { pathOf, rewrite } from '../place.ts';
import { languageWords, makersOf, numberWords, priceWords } from '../words.ts';

const PAGE_SIZE = 24;
const TYPING_MS = 300;

type Page = CatalogueQuery['catalogue'];
type Book = Page['nodes'][number];

const PRICES = [
  ['', 'Any price'],
  ['0', 'Free'],
  ['500', 'Up to €5'],
  ['1000', 'Up to €10'],
] as const;
const AGES = [
  ['', 'Any time'],
  ['7', 'This week'],
  ['31', 'This month'],
  ['366', 'This year'],
] as const;
const DAY_MS = 86_400_000;

/** What is asked for; each is empty where nothing is, and a part of the address by its name. */
interface Wish {
  q: string;
  language: string;
  price: string;
  days: string;
  subject: string;
  order: string;
}

const NO_WISH: Wish = { q: '', language: '', price: '', days: '', subject: '', order: '' };

/** By days, so that what is asked again is the same question. */
const daysAgo = (days: string): string =>
  new Date((Math.floor(Date.now() / DAY_MS) - Number(days)) * DAY_MS).toISOString();

const filterOf = ({ q, language, price, days, subject }: Wish) => ({
  ...(q.trim() && { text: q.trim() }),
  ...(language && { language }),
  ...(price && { currency: 'EUR', priceMax: Number(price) }),
  ...(days && { publishedAfter: daysAgo(days) }),
  ...(subject && { subject }),
});

function variablesOf(wish: Wish, after: string | null) {
  const { order } = wish;
  return {
    filter: filterOf(wish),
    orderBy: order === 'title' ? ('TITLE_ASC' as const) : ('PUBLISHED_DESC' as const),
    first: PAGE_SIZE,
    after,
  };
}

type Options = readonly (readonly [value: string, words: string])[];

const chosenOf = (options: Options): string[] => options.flatMap(([value]) => (value === '' ? [] : [value]));

/** The choices, each with how many books it would find as soon as that is known. */
function useChoices(wish: Wish): Record<'languages' | 'prices' | 'ages', Options> {
  const { data } = useQuery(catalogueFacets, {
    filter: filterOf(wish),
    upTo: chosenOf(PRICES).map(Number),
    after: chosenOf(AGES).map(daysAgo),
  });
  const facets = data?.catalogueFacets;
  const counted = (words: string, count: number | undefined) =>
    count === undefined ? words : `${words} (${numberWords(count)}${facets?.isWhole === false ? '+' : ''})`;
  const withCounts = (options: Options, counts: readonly number[] | undefined): Options =>
    // The first leaves the choice open.
    options.map(([value, words], place) => [value, place === 0 ? words : counted(words, counts?.[place - 1])]);
  const languages = (facets?.languages ?? [])
    .map(({ value, count }) => [value, counted(languageWords(value), count)] as const)
    .toSorted((a, b) => a[1].localeCompare(b[1]));
  const isListed = wish.language === '' || languages.some(([value]) => value === wish.language);
  const chosen = isListed ? [] : [[wish.language, languageWords(wish.language)] as const];
  return {
    languages: [['', 'All languages'], ...chosen, ...languages],
    prices: withCounts(PRICES, facets?.priceCounts),
    ages: withCounts(AGES, facets?.publishedCounts),
  };
}

function wishIn(search: string): Wish {
  const query = new URLSearchParams(search);
  const known = (name: string, options: Options) => {
    const value = query.get(name) ?? '';
    return options.some(([one]) => one === value) ? value : '';
  };
  return {
    q: query.get('q') ?? '',
    language: query.get('language') ?? '',
    price: known('price', PRICES),
    days: known('days', AGES),
    subject: query.get('subject') ?? '',
    order: query.get('order') ?? '',
  };
}

function addressOf(wish: Wish): string {
  const query = new URLSearchParams(Object.entries(wish).filter(([, value]) => value.trim() !== ''));
  return query.size > 0 ? `/app?${query}` : '/app';
}

export function CatalogueView() {
  const [wish, setWish] = useState(() => wishIn(location.search));
  const { data, error, isLoading } = useQuery(catalogue, variablesOf(wish, null));
  const isEmpty = data?.catalogue.nodes.length === 0;
  const settle = useCallback((next: Wish) => {
    setWish(next);
    rewrite(addressOf(next));
  }, []);
  return (
    <View
      title=""
      heading={
        <h1 className="hero" tabIndex={-1}>
          Books, straight from their authors
        </h1>
      }
    >
      <Search key={wish.subject} wish={wish} onWish={settle} />
      {wish.subject !== '' && (
        <p className="tags">
          <span>About {wish.subject}</span>
          <button type="button" className="quiet" onClick={() => settle({ ...wish, subject: '' })}>
            All subjects
          </button>
        </p>
      )}
      <p className="told" role="status">
        {error ?? (isEmpty ? emptyWords(wish) : '')}
      </p>
      <div className="results" aria-busy={isLoading}>
        {data ? <Grid key={JSON.stringify(wish)} first={data.catalogue} wish={wish} /> : <Skeleton />}
      </div>
    </View>
  );
}

const emptyWords = (wish: Wish): string =>
  JSON.stringify({ ...wish, order: '' }) === JSON.stringify(NO_WISH)
    ? 'No book is on sale yet. Sign up and publish the first at the author desk.'
    : 'No book fits. Try fewer letters, or ask for less.';

function Search({ wish, onWish }: { wish: Wish; onWish: (wish: Wish) => void }) {
  const [typed, setTyped] = useState(wish);
  useEffect(() => {
    if (JSON.stringify(typed) === JSON.stringify(wish)) return;
    const timer = setTimeout(() => onWish(typed), typed.q === wish.q ? 0 : TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, wish, onWish]);
  const { languages, prices, ages } = useChoices(wish);
  return (
    <form
      className="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onWish(typed);
      }}
      onInput={({ target }) => {
        if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
        const { name, value } = target;
        setTyped((before) => ({ ...before, [name]: value }));
      }}
    >
      <Input label="Search" name="q" type="search" value={wish.q} placeholder="Title or name" maxLength={200} />
      <Choice label="Language" name="language" options={languages} chosen={wish.language} />
      <Choice label="Price" name="price" options={prices} chosen={wish.price} />
      <Choice label="Published" name="days" options={ages} chosen={wish.days} />
      <Choice
        label="Order"
        name="order"
        options={[
          ['', 'Newest first'],
          ['title', 'By title'],
        ]}
        chosen={wish.order}
      />
    </form>
  );
}

function Grid({ first, wish }: { first: Page; wish: Wish }) {
  const [more, setMore] = useState<Page[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const pages = [first, ...more];
  const { hasNextPage, endCursor } = pages.at(-1)?.pageInfo ?? first.pageInfo;
  const showMore = async () => {
    setBusy(true);
    const { data, error } = await client.query(catalogue, variablesOf(wish, endCursor ?? null)).toPromise();
    setBusy(false);
    setProblem(error ? 'More books could not be fetched. Try again.' : null);
    if (data) setMore((before) => [...before, data.catalogue]);
  };
  return (
    <>
      <ul className="books">{pages.flatMap(({ nodes }) => nodes.map((book) => <Card key={book.id} book={book} />))}</ul>
      <Problem words={problem} />
      {hasNextPage && (
        <button type="button" className="more" disabled={isBusy} onClick={() => void showMore()}>
          Show more books
        </button>
      )}
    </>
  );
}

function Card({ book }: { book: Book }) {
  const { id, title, contributors, price, isBuyable } = book;
  return (
    <li>
      <a className="card" href={pathOf.book(id)}>
        <Cover book={book} widthPx={180} />
        <span className="book-title">{title}</span>
        <span className="book-makers">{makersOf(contributors)}</span>
        <span className="book-price">{isBuyable && price ? priceWords(price) : 'Not sold yet'}</span>
      </a>
    </li>
  );
}

/** The places of books that are on their way, so that nothing jumps when they come. */
const Skeleton = () => (
  <ul className="books" aria-hidden="true">
    {Array.from({ length: 12 }, (_, place) => (
      <li key={place} className="skeleton">
        <div className="cover" />
      </li>
    ))}
  </ul>
);
