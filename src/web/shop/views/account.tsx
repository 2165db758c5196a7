/** Signing up, in and out, and who one is. */
import { act, useQuery } from '../../shared/hooks.ts';
import { CodeForm, SignInForm } from '../../shared/sign-in.tsx';
import { end, endCookie, keep, session, useSession } from '../../shared/session.ts';
import { useState } from 'react';
import { send, wordsIn } from '../../shared/ask.ts';
import { Form, Input, passwordOf, valueOf } from '../../shared/forms.tsx';
import {
  account,
  requestEmailVerification,
  requestPasswordReset,
  signInMethods,
  signOut,
  signUp,
} from '../operations/accounts.ts';
import { View, Waiting } from '../parts.tsx';
import { Facts } from '../../shared/parts.tsx';
import { go, isOurs } from '../place.ts';
import { dateWords, statusWords } from '../words.ts';

export function AccountView() {
  return useSession() ? <Present /> : <Door />;
}

function nextPlace(): string {
  const next = new URLSearchParams(location.search).get('next') ?? '/app';
  return isOurs(next) ? next : '/app';
}

function Present() {
  const { data, error, code, again } = useQuery(account, {});
  const [told, setTold] = useState('');
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const { viewer, localMails } = data;
  if (!viewer) return <Door />;
  const leave = async () => {
    // Signed out here in any case; the session is ended on the server if it can be told.
    if (session()?.token === null) await endCookie();
    else await act(signOut, {});
    end();
    go('/app');
  };
  const verify = async () => {
    const { refused } = await send(
      requestEmailVerification,
      { input: { email: viewer.email ?? '' } },
      'RequestEmailVerificationPayload',
    );
    setTold(refused ? wordsIn(refused) : 'A mail is on its way to you. Open its link here.');
  };
  return (
    <View title="Account" heading={viewer.name}>
      <Facts
        facts={[
          ['E-mail', viewer.email ?? ''],
          ['Confirmed', viewer.isEmailVerified ? 'yes' : 'not yet'],
          ['Role', statusWords(viewer.role ?? 'READER')],
          ['Two-factor codes', viewer.isTwoFactorOn ? 'on' : 'off'],
          ['Since', dateWords(viewer.createdAt)],
        ]}
      />
      <div className="actions">
        <a className="button" href="/app/orders">
          Your orders
        </a>
        {localMails && (
          <a className="button" href="/app/mails">
            Kept mails ({localMails.length})
          </a>
        )}
        {viewer.isEmailVerified === false && (
          <button type="button" onClick={() => void verify()}>
            Confirm the e-mail
          </button>
        )}
        <button type="button" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
      <p className="hint" role="status">
        {told}
      </p>
    </View>
  );
}

function Door() {
  const [challenge, setChallenge] = useState<string | null>(null);
  const done = () => go(nextPlace());
  if (challenge !== null) {
    return (
      <View title="Sign in" heading="One more step">
        <div className="panel notice-page">
          <CodeForm challenge={challenge} done={done} />
        </div>
      </View>
    );
  }
  return (
    <View title="Sign in" heading="Welcome">
      <div className="two">
        <SignInPanel done={done} onChallenge={setChallenge} />
        <SignUpForm done={done} />
      </div>
    </View>
  );
}

function SignInPanel({ done, onChallenge }: { done: () => void; onChallenge: (challenge: string) => void }) {
  const [isForgotten, setForgotten] = useState(false);
  if (isForgotten) return <ForgottenForm back={() => setForgotten(false)} />;
  return (
    <div className="panel">
      <h2>Sign in</h2>
      <SignInForm
        done={done}
        onChallenge={onChallenge}
        extra={
          <button type="button" className="quiet" onClick={() => setForgotten(true)}>
            Forgot the password?
          </button>
        }
      />
      <OtherWays />
    </div>
  );
}

/** Somebody else who says who one is. */
function OtherWays() {
  const { data } = useQuery(signInMethods, {});
  const back = encodeURIComponent(nextPlace());
  return (
    <div className="ways">
      {data?.signInMethods.map(({ key, name, startUrl }) => (
        <a key={key} className="button" href={`${startUrl}?to=${back}`}>
          Sign in with {name}
        </a>
      ))}
    </div>
  );
}

function ForgottenForm({ back }: { back: () => void }) {
  const [isSent, setSent] = useState(false);
  return (
    <div className="panel">
      <h2>A new password</h2>
      {isSent ? (
        <p role="status">If there is an account with this e-mail, a mail with a link is on its way to it.</p>
      ) : (
        <Form
          label="A new password"
          submit="Mail me a link"
          busy="One moment …"
          onSubmit={async (form) => {
            const input = { email: valueOf(form, 'email') };
            const { refused } = await send(requestPasswordReset, { input }, 'RequestPasswordResetPayload');
            setSent(refused === null);
            return refused;
          }}
        >
          <Input label="E-mail" name="email" type="email" autoComplete="username" required />
        </Form>
      )}
      <button type="button" className="quiet" onClick={back}>
        Back to sign-in
      </button>
    </div>
  );
}

function SignUpForm({ done }: { done: () => void }) {
  const [isMailed, setMailed] = useState(false);
  if (isMailed) {
    return (
      <div className="panel">
        <h2>Look into your mail</h2>
        <p role="status">A mail with a link is on its way to you. Open it within an hour to go on.</p>
        <button type="button" className="quiet" onClick={() => setMailed(false)}>
          Sign up with another e-mail
        </button>
      </div>
    );
  }
  return (
    <div className="panel">
      <h2>New here?</h2>
      <Form
        label="Sign up"
        submit="Sign up"
        busy="Signing up …"
        onSubmit={async (form) => {
          const input = { name: valueOf(form, 'name'), email: valueOf(form, 'email'), password: passwordOf(form) };
          const answer = await send(signUp, { input }, 'SignUpPayload');
          if (answer.done) {
            await keep(answer.done.session.token, answer.done.session.viewer);
            done();
          } else if (answer.result?.__typename === 'EmailConfirmationRequired') {
            setMailed(true);
            return null;
          }
          return answer.refused;
        }}
      >
        <Input label="Name" name="name" hint="Shown with the books that you sell." autoComplete="name" required />
        <Input label="E-mail" name="email" type="email" autoComplete="username" required />
        <Input
          label="Password"
          name="password"
          type="password"
          hint="At least 12 characters."
          autoComplete="new-password"
          required
        />
      </Form>
    </div>
  );
}
