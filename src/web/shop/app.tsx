/** Frame: navigation, and the view that the address names. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { client } from '../shared/client.ts';
import { begin, session, useSession } from '../shared/session.ts';
import { account } from './operations/accounts.ts';
import { Missing } from './parts.tsx';
import { Loading } from '../shared/parts.tsx';
import { followLinks, useMoves, usePath } from './place.ts';
import { AccountView } from './views/account.tsx';
import { BookView } from './views/book.tsx';
import { CatalogueView } from './views/catalogue.tsx';
import { takeTask } from './task.ts';

const ClaimView = lazy(() => import('./views/claim.tsx'));
const DeskView = lazy(() => import('./views/desk.tsx'));
const LibraryView = lazy(() => import('./views/library.tsx'));
const MailsView = lazy(() => import('./views/mails.tsx'));
const MailedView = lazy(() => import('./views/mailed.tsx'));
const ManuscriptView = lazy(() => import('./views/manuscript.tsx'));
const NewDraftView = lazy(() => import('./views/new-draft.tsx'));
const OrderView = lazy(() => import('./views/order.tsx'));
const OrdersView = lazy(() => import('./views/orders.tsx'));
const ReadingView = lazy(() => import('./views/reading.tsx'));
const SalesView = lazy(() => import('./views/sales.tsx'));

export function App() {
  const path = usePath();
  const moves = useMoves();
  const [task, setTask] = useState(takeTask);
  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  useEffect(() => void noticeCookie(), []);
  useEffect(() => {
    // Whoever went elsewhere is done with it.
    if (task && task.path !== path) setTask(null);
  }, [task, path]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <a className="brand" href="/app">
          Booky Hub
        </a>
        <Navigation path={path} />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          {task?.path === path ? (
            <MailedView task={task} done={() => setTask(null)} />
          ) : (
            <Place path={path} key={`${path} ${moves}`} />
          )}
        </Suspense>
      </main>
      <footer className="foot">
        <p>Payments here are a sandbox: no real money moves.</p>
      </footer>
    </>
  );
}

/** An identity provider has begun a session in a cookie, of which nothing is known here. */
async function noticeCookie(): Promise<void> {
  if (session()) return;
  const { data } = await client.query(account, {}).toPromise();
  if (data?.viewer && !session()) begin(null, { name: data.viewer.name, role: data.viewer.role });
}

function Navigation({ path }: { path: string }) {
  const current = useSession();
  const items = [
    ['/app', 'Shop'],
    ...(current
      ? [
          ['/app/library', 'Library'],
          ['/app/desk', 'Author desk'],
        ]
      : []),
    ['/app/account', current ? current.name : 'Sign in'],
  ] as const;
  return (
    <nav aria-label="Main">
      {items.map(([href = '', words = '']) => {
        const isHere = href === '/app' ? /^\/app\/?($|books)/.test(path) : path.startsWith(href);
        return (
          <a key={href} href={href} aria-current={isHere ? 'page' : undefined}>
            {words}
          </a>
        );
      })}
    </nav>
  );
}

function Place({ path }: { path: string }) {
  const [, , place = '', rawId, ...more] = path.split('/');
  const id = rawId === undefined || rawId === '' ? null : decodeURIComponent(rawId);
  if (more.length > 0) return <Missing />;
  switch (place) {
    case '':
      return <CatalogueView />;
    case 'books':
      return id === null ? <Missing /> : <BookView id={id} />;
    case 'orders':
      return id === null ? <OrdersView /> : <OrderView id={id} />;
    case 'library':
      return <LibraryView />;
    case 'read':
      return id === null ? <Missing /> : <ReadingView id={id} />;
    case 'desk':
      return <Desk id={id} />;
    case 'account':
      return <AccountView />;
    case 'claim':
      return <ClaimView />;
    case 'mails':
      return <MailsView />;
    default:
      return <Missing />;
  }
}

function Desk({ id }: { id: string | null }) {
  if (id === null) return <DeskView />;
  if (id === 'new') return <NewDraftView />;
  return id === 'sales' ? <SalesView /> : <ManuscriptView id={id} />;
}
