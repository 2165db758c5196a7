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
  publicUrl: string,
): { subject: string; text: string } {
  const { lines, currency } = receipt;
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
      `It is in your library, ready to download: ${publicUrl}/app#library`,
      '',
      ...seller.lines,
    ].join('\n'),
  };
}

export function announcementText(title: string, publicUrl: string): { subject: string; text: string } {
  return {
    subject: `Published: ${oneLine(title)}`,
    text: [`"${oneLine(title)}" is on sale.`, '', `Readers find it here: ${publicUrl}/app`].join('\n'),
  };
}
