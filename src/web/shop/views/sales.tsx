/** What an author has earned: what is due, and a statement of each month. */
import { useState } from 'react';
import { useQuery } from '../../shared/hooks.ts';
import { balances, statement } from '../operations/desk.ts';
import { safeUrl, View, Waiting } from '../parts.tsx';
import { Facts } from '../../shared/parts.tsx';
import { dateTimeWords, priceWords, statusWords } from '../words.ts';

const LINES = 100;

const thisMonth = (): string => new Date().toISOString().slice(0, 7);

export default function SalesView() {
  const { data, error, code, again } = useQuery(balances, {});
  const [month, setMonth] = useState(thisMonth);
  const [chosen, setChosen] = useState<string | null>(null);
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const currencies = data.authorBalances.map(({ currency }) => currency);
  const currency = chosen ?? currencies[0];
  return (
    <View title="Sales">
      {currency === undefined ? (
        <p className="panel">Nothing was sold yet. Whatever is will be here, to the cent.</p>
      ) : (
        <>
          <div className="two">
            {data.authorBalances.map(({ currency: name, payable, onHold, processing }) => (
              <section key={name} className="panel" aria-label={`Your balance in ${name}`}>
                <h2>{name}</h2>
                <Facts
                  facts={[
                    ['Due to you', amountWords(payable)],
                    ['Due later', amountWords(onHold)],
                    ['Being paid', amountWords(processing)],
                  ]}
                />
              </section>
            ))}
          </div>
          <div className="search">
            <label className="field">
              Month
              <input type="month" value={month} onChange={({ currentTarget }) => setMonth(currentTarget.value)} />
            </label>
            <label className="field">
              Currency
              <select value={currency} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
                {currencies.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          </div>
          {/^\d{4}-\d\d$/.test(month) && <Statement month={month} currency={currency} />}
        </>
      )}
    </View>
  );
}

/** Nothing is no gift here. */
const amountWords = (money: Parameters<typeof priceWords>[0]): string =>
  money.amountMinor === 0 ? `0 ${money.currency}` : priceWords(money);

function Statement({ month, currency }: { month: string; currency: string }) {
  const { data, error, code, again } = useQuery(statement, { month, currency, first: LINES, after: null });
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const { openingBalance, sales, refunds, payouts, closingBalance, csvUrl, lines } = data.authorStatement;
  return (
    <section aria-label="Statement">
      <Facts
        facts={[
          ['At the beginning', amountWords(openingBalance)],
          ['Sales', amountWords(sales)],
          ['Given back', amountWords(refunds)],
          ['Paid out', amountWords(payouts)],
          ['At the end', amountWords(closingBalance)],
        ]}
      />
      <div className="scroll" tabIndex={0} role="region" aria-label="Lines of the statement">
        <table className="lines">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Why</th>
              <th scope="col">Books</th>
              <th scope="col">Amount</th>
            </tr>
          </thead>
          <tbody>
            {lines.nodes.map(({ at, kind, titles, amount }, place) => (
              <tr key={place}>
                <td>{dateTimeWords(at)}</td>
                <td>{statusWords(kind)}</td>
                <td>{titles}</td>
                <td className="amount">{amountWords(amount)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lines.nodes.length === 0 && <p className="hint">Nothing was booked in this month.</p>}
      {lines.pageInfo.hasNextPage && <p className="hint">The newest {LINES} lines. All of them are in the CSV.</p>}
      <p>
        <a className="button" href={safeUrl(csvUrl)}>
          Download as CSV
        </a>
      </p>
    </section>
  );
}
