/** Taking what was given, or what one bought as a guest: the link of a mail, `/app/claim?order=…&token=…`. */
import { useState } from 'react';
import { useSession } from '../../shared/session.ts';
import { send, wordsIn } from '../../shared/ask.ts';
import { claimOrder } from '../operations/accounts.ts';
import { Missing, Notice, View } from '../parts.tsx';
import { Problem } from '../../shared/parts.tsx';

export default function ClaimView() {
  const current = useSession();
  const query = new URLSearchParams(location.search);
  const orderId = query.get('order');
  const token = query.get('token');
  const [taken, setTaken] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  if (orderId === null) return <Missing />;
  if (!current) {
    const back = encodeURIComponent(location.pathname + location.search);
    return (
      <Notice title="A book for you" words="Sign in or sign up, and it goes into your library.">
        <a className="button primary" href={`/app/account?next=${back}`}>
          Go on
        </a>
      </Notice>
    );
  }
  if (taken) {
    return (
      <Notice title="It is yours" words={`${taken.join(', ')} is in your library now.`}>
        <a className="button primary" href="/app/library">
          To your library
        </a>
      </Notice>
    );
  }
  const take = async () => {
    const { done, refused } = await send(claimOrder, { input: { orderId, token } }, 'ClaimOrderPayload');
    if (done) setTaken(done.entitlements.map(({ edition }) => edition.title));
    else setProblem(wordsIn(refused));
  };
  return (
    <View title="A book for you" className="notice-page">
      <p>It goes into the library of {current.name}. It can be taken once.</p>
      <button type="button" className="primary" onClick={() => void take()}>
        Take it
      </button>
      <Problem words={problem} />
    </View>
  );
}
