/** The author desk: all books of an author, and the way to become one. */
import type { DraftsQuery } from '../gql/graphql.ts';
import { begin, session } from '../../shared/session.ts';
import { send } from '../../shared/ask.ts';
import { Field, Form } from '../../shared/forms.tsx';
import { becomeAuthor } from '../operations/accounts.ts';
import { drafts } from '../operations/desk.ts';
import { Cover, View, Waiting } from '../parts.tsx';
import { Badge, type Tone } from '../../shared/parts.tsx';
import { MoreButton, usePages } from '../../shared/pages.tsx';
import { pathOf } from '../place.ts';
import { dateTimeWords, makersOf, priceWords, statusWords } from '../words.ts';

type Draft = DraftsQuery['myDrafts']['nodes'][number];

export default function DeskView() {
  const pages = usePages(drafts, ({ myDrafts }) => myDrafts, {});
  if (!pages.isThere) return <Waiting {...pages} />;
  if (pages.data?.viewer?.role === 'READER') return <Invitation done={pages.again} />;
  return (
    <View
      title="Author desk"
      heading={
        <div className="head-row">
          <h1 tabIndex={-1}>Author desk</h1>
          <span className="badges">
            <a className="button" href="/app/desk/sales">
              Sales
            </a>
            <a className="button primary" href="/app/desk/new">
              New book
            </a>
          </span>
        </div>
      }
    >
      {pages.nodes.length === 0 && (
        <p className="panel">No book yet. Begin with its title; you can stop at any time.</p>
      )}
      <ul className="rows">
        {pages.nodes.map((draft) => (
          <Row key={draft.id} draft={draft} />
        ))}
      </ul>
      <MoreButton pages={pages} />
    </View>
  );
}

function Row({ draft }: { draft: Draft }) {
  const { id, title, status, onSale, updatedAt, contributors, covers, price } = draft;
  return (
    <li>
      {/* A cover is open to all once its book is on sale, and to nobody before. */}
      <Cover book={{ title, contributors, covers: onSale ? covers : [] }} widthPx={64} />
      <div className="row-words">
        <p className="book-title">
          <a href={pathOf.manuscript(id)}>{title}</a>
        </p>
        <p className="book-makers">{makersOf(contributors)}</p>
        <p className="hint">
          {price ? `${priceWords(price)} · ` : ''}changed {dateTimeWords(updatedAt)}
        </p>
      </div>
      <span className="badges">
        <Badge tone={badgeOf(status)}>{statusWords(status)}</Badge>
        {onSale && status !== 'PUBLISHED' && <Badge tone="good">On sale</Badge>}
      </span>
    </li>
  );
}

export function badgeOf(status: string): Tone {
  if (status === 'PUBLISHED') return 'good';
  if (['NEEDS_CHANGES', 'REJECTED', 'FAILED', 'TAKEN_DOWN'].includes(status)) return 'bad';
  return ['DRAFT', 'WITHDRAWN', 'UNPUBLISHED', 'SUPERSEDED'].includes(status) ? '' : 'wait';
}

function Invitation({ done }: { done: () => void }) {
  return (
    <View title="Author desk">
      <div className="panel">
        <h2>Publish your own books</h2>
        <p>Draft a book, upload its EPUB, set a price. You see every step until it is on sale.</p>
        <Form
          label="Become an author"
          submit="Become an author"
          busy="One moment …"
          onSubmit={async (form) => {
            const acceptTerms = new FormData(form).has('acceptTerms');
            const answer = await send(becomeAuthor, { input: { acceptTerms } }, 'BecomeAuthorPayload');
            const current = session();
            if (answer.done) {
              if (current) begin(current.token, answer.done.viewer);
              done();
            }
            return answer.refused;
          }}
        >
          <div className="check">
            <Field label="I own the rights to what I publish." name="acceptTerms">
              {(control) => <input type="checkbox" {...control} />}
            </Field>
          </div>
        </Form>
      </div>
    </View>
  );
}
