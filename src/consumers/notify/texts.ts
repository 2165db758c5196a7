/** The wording of mails. Plain text; what people wrote is quoted as they wrote it, on one line. */
import { exponentOf } from '../../books/currency.ts';

interface Receipt {
  id: string;
  amountMinor: number;
  currency: string;
  createdAt: Date;
  titles: readonly string[];
}

const TITLE_LENGTH_MAX = 150;
const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > TITLE_LENGTH_MAX ? `${line.slice(0, TITLE_LENGTH_MAX - 1)}…` : line;
};

function formatMoney(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amountMinor / 10 ** exponentOf(currency));
}

export function receiptText(order: Receipt, publicUrl: string): { subject: string; text: string } {
  const titles = order.titles.map(oneLine);
  return {
    subject: `Your book: ${titles[0] ?? 'order'}`,
    text: [
      'Thank you for your order.',
      '',
      ...titles.map((title) => `  ${title}`),
      `  Paid: ${formatMoney(order.amountMinor, order.currency)}`,
      `  Order: ${order.id}, ${order.createdAt.toISOString().slice(0, 10)}`,
      '',
      `It is in your library, ready to download: ${publicUrl}/app#library`,
    ].join('\n'),
  };
}

export function announcementText(title: string, publicUrl: string): { subject: string; text: string } {
  return {
    subject: `Published: ${oneLine(title)}`,
    text: [`"${oneLine(title)}" is on sale.`, '', `Readers find it here: ${publicUrl}/app`].join('\n'),
  };
}
