/** Links to bytes, as each caller gets them: with a credential, and by links that others were given. */
import type { Way } from './ask.ts';
import { type SchemaServices } from '../../src/schema/context.ts';
import { downloadLink, previewCoverLink, receiptLink, uploadLink } from '../../src/schema/links.ts';
import type { World } from './world.ts';

interface Link {
  row: string;
  method: 'GET' | 'PUT';
  url: string;
}

type Signer = Pick<SchemaServices, 'signing' | 'publicUrl' | 'clock'>;

export async function linksOf(world: World, publicUrl: string, secret: string): Promise<Link[]> {
  const { bought, draft, onSale, owner, people } = world;
  const signer: Signer = { publicUrl, signing: { secrets: secret }, clock: { now: () => new Date() } };
  const other = people.of('other buyer')?.id ?? '';
  const theirs = await world.make.entitlement();
  const ownersLink = downloadLink(signer, { entitlementId: bought.id, readerId: owner.id }).url;
  const pendingId = await world.make.file('PENDING');
  const upload = uploadLink(signer, { id: pendingId, expiresAt: new Date(Date.now() + 60_000) });
  const cover = (book: { revisionId: string }) => `${publicUrl}/covers/${book.revisionId}/320.jpg`;
  return [
    { row: 'GET /downloads (no link of ours)', method: 'GET', url: `${publicUrl}/downloads/${bought.id}` },
    { row: 'GET /downloads (the link that the owner was given)', method: 'GET', url: ownersLink },
    {
      row: 'GET /downloads (that link, pointed at another right)',
      method: 'GET',
      url: ownersLink.replace(bought.id, theirs.id),
    },
    {
      row: 'GET /downloads (a link made for another buyer)',
      method: 'GET',
      url: downloadLink(signer, { entitlementId: bought.id, readerId: other }).url,
    },
    { row: 'GET /receipts (no link of ours)', method: 'GET', url: `${publicUrl}/receipts/${bought.orderId}` },
    {
      row: 'GET /receipts (the link that the owner was given)',
      method: 'GET',
      url: receiptLink(signer, { orderId: bought.orderId, buyerId: owner.id }),
    },
    {
      row: 'GET /receipts (a link made for another buyer)',
      method: 'GET',
      url: receiptLink(signer, { orderId: bought.orderId, buyerId: other }),
    },
    { row: 'GET /covers (a draft’s)', method: 'GET', url: cover(draft) },
    { row: 'GET /covers (on sale)', method: 'GET', url: cover(onSale) },
    {
      row: 'GET /covers (a draft’s, by the link that the owner was given)',
      method: 'GET',
      url: previewCoverLink(signer, `covers/${draft.revisionId}/320.jpg`),
    },
    { row: 'PUT /uploads (no link of ours)', method: 'PUT', url: `${publicUrl}/uploads/${pendingId}` },
    {
      row: 'PUT /uploads (a link for another file)',
      method: 'PUT',
      url: upload.replace(pendingId, await world.make.file('PENDING')),
    },
  ];
}

export async function askLink(way: Way, { method, url }: Link): Promise<string> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    ...(way.credential !== null && { headers: { authorization: `Bearer ${way.credential}` } }),
    ...(method === 'PUT' && { body: 'a book' }),
  });
  await response.arrayBuffer();
  if (response.ok) return 'ALLOWED';
  if ([401, 403, 404].includes(response.status)) return 'DENIED';
  throw new TypeError(`${method} ${url}: ${response.status}`);
}
