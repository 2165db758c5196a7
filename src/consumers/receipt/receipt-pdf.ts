/**
 * A receipt as PDF: one A4 page.
 *
 * Promise: the same content gives the same bytes; nothing in it is of the moment it was made. Latin text is set in
 * Helvetica, all else in DejaVu Sans, of which only the letters used are embedded; a letter that it has not is a `?`.
 * Not here: where it is made (receipt-thread-main.ts, which alone loads this).
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PDFDocument, type PDFFont, type PDFPage, StandardFonts } from '@cantoo/pdf-lib';
import type { ReceiptContent } from './receipt-content.ts';
import { dayOf, formatMoney, type Seller, taxLines } from './receipt-words.ts';

/** In points. */
const PAGE = { width: 595, height: 842, margin: 56 };
const SIZE = { title: 18, text: 10, small: 8 };
const LEADING = 15;
const AMOUNT_WIDTH = 110;

export async function makeReceipt(content: ReceiptContent, seller: Seller): Promise<Uint8Array> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  pdf.setTitle(`Receipt ${content.number}`);
  pdf.setProducer('Booky Hub');
  pdf.setCreationDate(content.issuedAt);
  pdf.setModificationDate(content.issuedAt);
  const texts = [...seller.lines, seller.licence, content.buyer.name, content.buyer.email];
  const face = await faceFor(pdf, [...texts, ...content.lines.map(({ title }) => title), amountsOf(content)].join(''));
  draw(new Pen(pdf.addPage([PAGE.width, PAGE.height]), face), content, seller);
  // A receipt is a few kilobytes: what packing its objects saves is not worth three times the time.
  return pdf.save({ useObjectStreams: false, objectsPerTick: Number.POSITIVE_INFINITY });
}

const amountsOf = ({ lines, currency, totalMinor }: ReceiptContent): string =>
  [totalMinor, ...lines.map(({ amountMinor }) => amountMinor)].map((minor) => formatMoney(minor, currency)).join('');

function draw(pen: Pen, content: ReceiptContent, seller: Seller): void {
  const { currency, lines } = content;
  for (const line of seller.lines) pen.write(line);
  pen.skip(2);
  pen.write(`Receipt ${content.number}`, SIZE.title);
  pen.skip();
  pen.write(`Date: ${dayOf(content.issuedAt)}`);
  pen.write(`Order: ${content.orderId}, ${dayOf(content.orderedAt)}`);
  pen.write(`For: ${content.buyer.name} <${content.buyer.email}>`);
  pen.skip();
  for (const { title, listAmountMinor } of lines) pen.row(title, formatMoney(listAmountMinor, currency));
  const discountMinor = lines.reduce((sum, line) => sum + line.discountMinor, 0);
  if (discountMinor > 0) pen.row('Discount', formatMoney(-discountMinor, currency));
  pen.rule();
  pen.row('Total, tax included', formatMoney(content.totalMinor, currency));
  for (const line of taxLines(content)) pen.write(line, SIZE.small);
  pen.skip();
  pen.paragraph(seller.licence, SIZE.small);
}

/** Writes from the top of the page to its bottom; what would run over the margin is cut. */
class Pen {
  readonly #page: PDFPage;
  readonly #font: PDFFont;
  readonly #letters: ReadonlySet<number>;
  #y = PAGE.height - PAGE.margin;

  constructor(page: PDFPage, { font, letters }: Face) {
    this.#page = page;
    this.#font = font;
    this.#letters = letters;
  }

  skip(lines = 1): void {
    this.#y -= lines * LEADING;
  }

  write(text: string, size = SIZE.text): void {
    this.#put(this.#cut(this.#known(text), size, PAGE.width - 2 * PAGE.margin), PAGE.margin, size);
    this.skip(size > SIZE.text ? 1.5 : 1);
  }

  /** A text at the left, an amount at the right. */
  row(text: string, amount: string): void {
    const right = this.#known(amount);
    const x = PAGE.width - PAGE.margin - this.#font.widthOfTextAtSize(right, SIZE.text);
    this.#put(right, x, SIZE.text);
    const width = PAGE.width - 2 * PAGE.margin - AMOUNT_WIDTH;
    this.#put(this.#cut(this.#known(text), SIZE.text, width), PAGE.margin, SIZE.text);
    this.skip();
  }

  rule(): void {
    const y = this.#y + LEADING / 2;
    const [start, end] = [
      { x: PAGE.margin, y },
      { x: PAGE.width - PAGE.margin, y },
    ];
    this.#page.drawLine({ start, end, thickness: 0.5 });
    this.skip(0.5);
  }

  /** Broken between words, each of which is measured once: measuring whole lines anew took most of a receipt's time. */
  paragraph(text: string, size: number): void {
    const spaceWidth = this.#font.widthOfTextAtSize(' ', size);
    let line: string[] = [];
    let lineWidth = 0;
    for (const word of this.#known(text).split(' ')) {
      const width = this.#font.widthOfTextAtSize(word, size);
      if (line.length > 0 && lineWidth + spaceWidth + width > PAGE.width - 2 * PAGE.margin) {
        this.write(line.join(' '), size);
        line = [];
      }
      lineWidth = line.length === 0 ? width : lineWidth + spaceWidth + width;
      line.push(word);
    }
    this.write(line.join(' '), size);
  }

  #put(text: string, x: number, size: number): void {
    if (this.#y > PAGE.margin / 2) this.#page.drawText(text, { x, y: this.#y, size, font: this.#font });
  }

  #known(text: string): string {
    const oneLine = text.replaceAll(/\s/g, ' ');
    return Array.from(oneLine)
      .map((letter) => (this.#letters.has(letter.codePointAt(0) ?? 0) ? letter : '?'))
      .join('');
  }

  #cut(text: string, size: number, width: number): string {
    if (this.#font.widthOfTextAtSize(text, size) <= width) return text;
    const letters = Array.from(text);
    while (letters.length > 0 && this.#font.widthOfTextAtSize(letters.join(''), size) > width) letters.pop();
    return `${letters.slice(0, -3).join('')}...`;
  }
}

/** A font, and the letters that it has, as code points. */
interface Face {
  font: PDFFont;
  letters: ReadonlySet<number>;
}

/** Read, parsed and looked through once: most of what a text in it costs. */
let dejaVu: ReturnType<typeof readDejaVu> | undefined;
let dejaVuLetters: ReadonlySet<number> | undefined;
let helveticaLetters: ReadonlySet<number> | undefined;

async function faceFor(pdf: PDFDocument, text: string): Promise<Face> {
  const helvetica = pdf.embedStandardFont(StandardFonts.Helvetica);
  helveticaLetters ??= new Set(helvetica.getCharacterSet());
  const letters = helveticaLetters;
  if (Array.from(text).every((letter) => /\s/.test(letter) || letters.has(letter.codePointAt(0) ?? 0)))
    return { font: helvetica, letters };
  dejaVu ??= readDejaVu().catch((error: unknown) => {
    dejaVu = undefined;
    throw error;
  });
  const { bytes, parser } = await dejaVu;
  pdf.registerFontkit(parser);
  const font = await pdf.embedFont(bytes, { subset: true });
  dejaVuLetters ??= new Set(font.getCharacterSet());
  return { font, letters: dejaVuLetters };
}

async function readDejaVu() {
  const [fontkit, bytes] = await Promise.all([
    import('fontkit'),
    readFile(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  ]);
  const parsed = await fontkit.create(bytes);
  if (parsed === null) throw new TypeError('DejaVu Sans is not a font');
  // It keeps glyphs with the text that they first stood for: another receipt's would come to be in this one.
  return { bytes, parser: { create: () => Object.assign(parsed, { _glyphs: {} }) } };
}
