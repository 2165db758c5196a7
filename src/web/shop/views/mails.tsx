/** The mails that were kept here instead of being sent. */
import { useQuery } from '../../shared/hooks.ts';
import { mails } from '../operations/accounts.ts';
import { View, Waiting } from '../parts.tsx';
import { dateTimeWords } from '../words.ts';

export default function MailsView() {
  const { data, error, code, again } = useQuery(mails, {});
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const { localMails } = data;
  return (
    <View title="Mails" heading="Kept mails">
      <p className="hint">No mail server is set up, so mails are kept here instead of being sent.</p>
      {localMails === null && <p>Mail is really sent here: look into your mailbox.</p>}
      {localMails?.length === 0 && <p className="panel">No mail yet.</p>}
      {localMails?.map(({ to, subject, text, at }) => (
        <details key={`${at} ${to} ${subject}`}>
          <summary>
            {subject}{' '}
            <span className="hint">
              to {to}, {dateTimeWords(at)}
            </span>
          </summary>
          <pre className="mail">{text}</pre>
        </details>
      ))}
    </View>
  );
}
