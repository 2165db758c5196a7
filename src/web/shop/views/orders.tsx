/** All orders of a reader. */
import { orders } from '../operations/shop.ts';
import { View, Waiting } from '../parts.tsx';
import { Badge, type Tone } from '../../shared/parts.tsx';
import { MoreButton, usePages } from '../../shared/pages.tsx';
import { pathOf } from '../place.ts';
import { dateTimeWords, priceWords, statusWords } from '../words.ts';
import { BAD } from './order.tsx';

export default function OrdersView() {
  const pages = usePages(orders, ({ myOrders }) => myOrders, {});
  if (!pages.isThere) return <Waiting {...pages} />;
  return (
    <View title="Your orders">
      {pages.nodes.length === 0 && (
        <p>
          You have not bought anything yet. <a href="/app">To the shop</a>
        </p>
      )}
      <ul className="rows">
        {pages.nodes.map(({ id, status, createdAt, reason, total, lines }) => (
          <li key={id}>
            <div className="row-words">
              <p className="book-title">
                <a href={pathOf.order(id)}>{lines[0]?.edition.title ?? 'Order'}</a>
              </p>
              <p className="hint">
                {dateTimeWords(createdAt)} · {priceWords(total)}
              </p>
              {reason !== null && <p className="hint">{reason}</p>}
            </div>
            <Badge tone={badgeOf(status)}>{statusWords(status)}</Badge>
          </li>
        ))}
      </ul>
      <MoreButton pages={pages} />
    </View>
  );
}

const badgeOf = (status: string): Tone => (status === 'COMPLETED' ? 'good' : BAD.includes(status) ? 'bad' : 'wait');
