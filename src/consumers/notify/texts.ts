/** The wording of mails. Plain text; what people wrote is quoted as they wrote it, on one line. */
import type { ReceiptContent } from '../receipt/receipt-content.ts';
import { dayOf, formatMoney, type Seller, taxLines } from '../receipt/receipt-words.ts';

const TITLE_LENGTH_MAX = 150;
const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > TITLE_LENGTH_MAX ? `${line.slice(0, TITLE_LENGTH_MAX - 1)}…` : line;
};

export function receiptText(
  receipt: ReceiptContent,
  seller: Seller,
  { publicUrl, claimUrl }: { publicUrl: string; claimUrl: string },
): { subject: string; text: string } {
  const { lines, currency, claim } = receipt;
  const where = {
    OWN: `It is in your library, ready to download: ${publicUrl}/app#library`,
    GUEST: `To read it, open this link and sign in or up; it works once: ${claimUrl}`,
    GIFT: `We have told ${claim?.email ?? ''} how to claim it.`,
  }[claim?.kind ?? 'OWN'];
  const [first, ...others] = lines.map(({ title }) => oneLine(title));
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return {
    subject: `Your book${more === '' ? '' : 's'}: ${first ?? 'order'}${more}`,
    text: [
      'Thank you for your order.',
      '',
      ...lines.map(({ title, amountMinor }) => `  ${oneLine(title)}: ${formatMoney(amountMinor, currency)}`),
      '',
      `  Paid: ${formatMoney(receipt.totalMinor, currency)}`,
      ...taxLines(receipt).map((line) => `  ${line}`),
      `  Receipt: ${receipt.number}, ${dayOf(receipt.issuedAt)} (attached)`,
      `  Order: ${receipt.orderId}, ${dayOf(receipt.orderedAt)}`,
      '',
      seller.licence,
      '',
      where,
      '',
      ...seller.lines,
    ].join('\n'),
  };
}

/** What the receiver of a gift is told: nothing of what it cost. */
export function giftText({ lines, buyer, claim }: ReceiptContent, claimUrl: string): { subject: string; text: string } {
  const titles = lines.map(({ title }) => oneLine(title));
  return {
    subject: `${oneLine(buyer.name)} has given you a book`,
    text: [
      `${oneLine(buyer.name)} has given you:`,
      '',
      ...titles.map((title) => `  ${title}`),
      '',
      ...(claim?.message ? [`They write: ${claim.message}`, ''] : []),
      `To take it into your library, open this link and sign in or up; it works once: ${claimUrl}`,
    ].join('\n'),
  };
}

export function announcementText(title: string, publicUrl: string): { subject: string; text: string } {
  return {
    subject: `Published: ${oneLine(title)}`,
    text: [`"${oneLine(title)}" is on sale.`, '', `Readers find it here: ${publicUrl}/app`].join('\n'),
  };
}

export function accountMailText(
  purpose: 'VERIFY_EMAIL' | 'RESET_PASSWORD',
  code: string,
  publicUrl: string,
): { subject: string; text: string } {
  const isReset = purpose === 'RESET_PASSWORD';
  // Behind the #, which browsers send to no server and put into no Referer.
  const link = `${publicUrl}/app#${isReset ? 'reset-password' : 'verify-email'}=${code}`;
  return {
    subject: isReset ? 'Set a new password' : 'Is this your e-mail?',
    text: [
      isReset ? 'Somebody asked to set a new password for your account.' : 'Confirm that this e-mail is yours.',
      'Open this within an hour; it works once:',
      '',
      `  ${link}`,
      '',
      `Code: ${code}`,
      '',
      'If it was not you, do nothing: nothing changes.',
    ].join('\n'),
  };
}
