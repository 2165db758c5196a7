import { describe, expect, test } from 'vitest';
import { useApi } from './support/api.ts';

const mail = (to: string) => ({ to, subject: 'Yours', text: 'A secret link', at: new Date(0) });
const kept: ReturnType<typeof mail>[] = [];
const list = () => Promise.resolve(kept);

describe.each([
  { areForReaders: true, where: 'on a machine of one’s own', seen: ['own'] },
  { areForReaders: false, where: 'where anybody may sign up with anybody’s e-mail', seen: [] },
])('mails that were kept, $where', ({ areForReaders, seen }) => {
  const api = useApi({ localMails: { list, areForReaders } });

  test(`readers see ${seen.length > 0 ? 'their own alone' : 'none'}, admins see all`, async () => {
    const [reader, other, admin] = [await api.signUp(), await api.signUp(), await api.signUp('ADMIN')];
    kept.splice(0, kept.length, { ...mail(reader.email), subject: 'own' }, { ...mail(other.email), subject: 'other' });
    const subjects = async (token: string) =>
      (await api.ask('{ localMails { subject } }', {}, token)).data?.['localMails'];
    expect(await subjects(reader.token)).toEqual(seen.map((subject) => ({ subject })));
    expect(await subjects(admin.token)).toEqual([{ subject: 'own' }, { subject: 'other' }]);
  });
});
