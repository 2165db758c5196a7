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

const ACCOUNT_MAILS = {
  VERIFY_EMAIL: {
    subject: 'Is this your e-mail?',
    why: 'Confirm that this e-mail is yours.',
    hash: 'verify-email',
  },
  RESET_PASSWORD: {
    subject: 'Set a new password',
    why: 'Somebody asked to set a new password for your account.',
    hash: 'reset-password',
  },
  SIGN_UP: {
    subject: 'Finish signing up',
    why: 'Somebody signed up with this e-mail. To make the account, confirm it with the password that was chosen.',
    hash: 'sign-up',
  },
};

export function accountMailText(
  purpose: keyof typeof ACCOUNT_MAILS,
  code: string,
  publicUrl: string,
): { subject: string; text: string } {
  const { subject, why, hash } = ACCOUNT_MAILS[purpose];
  return {
    subject,
    text: [
      why,
      'Open this within an hour; it works once:',
      '',
      // Behind the #, which browsers send to no server and put into no Referer.
      `  ${publicUrl}/app#${hash}=${code}`,
      '',
      `Code: ${code}`,
      '',
      'If it was not you, do nothing: nothing changes.',
    ].join('\n'),
  };
}

/** What somebody who signs up once more is told; only here, where they are known to be who they are. */
export function emailTakenText(publicUrl: string): { subject: string; text: string } {
  return {
    subject: 'You have an account already',
    text: [
      'Somebody signed up with this e-mail, which has an account here already. Nothing was changed.',
      '',
      `If it was you, sign in: ${publicUrl}/app/account`,
      'If the password is forgotten, ask for a new one there.',
      '',
      'If it was not you, do nothing.',
    ].join('\n'),
  };
}
