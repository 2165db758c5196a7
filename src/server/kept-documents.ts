/**
 * What was made of the texts of documents, the latest used last: so that the same text is read once.
 *
 * Limit: by length, since a document in memory takes some hundred bytes for each of its characters: texts of 20,000
 * characters each and 500,000 in all. A count alone would let 1,000 large documents hold half a gigabyte.
 */
const CHARS_EACH_MAX = 20_000;
const CHARS_MAX = 500_000;

export class KeptDocuments<Made> {
  readonly #kept = new Map<string, Made>();
  #chars = 0;

  get(text: string): Made | undefined {
    const made = this.#kept.get(text);
    if (made === undefined) return undefined;
    this.#kept.delete(text);
    this.#kept.set(text, made);
    return made;
  }

  set(text: string, made: Made): void {
    if (text.length > CHARS_EACH_MAX) return;
    if (!this.#kept.has(text)) this.#chars += text.length;
    this.#kept.set(text, made);
    for (const oldest of this.#kept.keys()) {
      if (this.#chars <= CHARS_MAX) return;
      this.#kept.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
