import { describe, expect, it } from 'vitest';
import { createLocalEnricher } from '../../../src/ports/ai/local-enricher.ts';

const enricher = createLocalEnricher();
const ENGLISH = `CHAPTER I

The old lighthouse stood on the northern cliff above the harbour. Every evening the keeper climbed the narrow stairs of
the lighthouse and lit the great lamp. Ships that came into the harbour steered by the lamp, and no ship had been lost
for forty years.

"Will you teach me?" asked the girl. The keeper taught his daughter to trim the lamp and to read the weather. When the
keeper fell ill in winter, his daughter climbed the stairs of the lighthouse alone. The storm broke the glass, but the
daughter kept the lamp alight until morning. In the morning the ships lay safe in the harbour, and the captains came up
the cliff to thank the keeper and his daughter. Mr. Harlow, the oldest of the captains, gave her a brass telescope.`;
const TREATISE = `Constitutional jurisprudence necessarily presupposes an institutional equilibrium, the preservation of
which administrative authorities have historically subordinated to considerations of immediate political expediency.
Comparative investigation nevertheless demonstrates that legislative intervention, however conscientiously formulated,
cannot substitute for independent judicial interpretation.`;
const GERMAN = `Der alte Leuchtturm stand auf der Klippe über dem Hafen. Jeden Abend stieg der Wärter die Treppe des
Leuchtturms hinauf und zündete die Lampe an. Die Schiffe fuhren nach dem Licht der Lampe in den Hafen ein. Als der
Wärter im Winter krank wurde, zündete seine Tochter die Lampe im Leuchtturm allein an. Am Morgen lagen alle Schiffe
sicher im Hafen unter der Klippe.`;

const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');
const sentencesOf = (summary: string | null): string[] => (summary ?? '').split(/(?<=[.!?]) (?=\p{Lu})/u);

describe('local enricher', () => {
  it('gives the same answer for the same text', async () => {
    const request = { title: 'The Lamp', language: 'en', text: ENGLISH };
    const first = await enricher.enrich(request);
    expect(await enricher.enrich(request)).toEqual(first);
    expect(await createLocalEnricher().enrich(request)).toEqual(first);
  });

  it.each([
    ['en', ENGLISH],
    ['de', GERMAN],
  ])(
    'sums up %s by whole sentences of the text alone, in its order, without headings and speech',
    async (language, text) => {
      const { summary } = await enricher.enrich({ title: '', language, text });
      const sentences = sentencesOf(summary);
      expect(sentences.length).toBeGreaterThanOrEqual(2);
      const places = sentences.map((sentence) => flat(text).indexOf(sentence));
      expect(places.every((place) => place >= 0)).toBe(true);
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(summary).not.toMatch(/CHAPTER|"/);
    },
  );

  it('tags by the nouns that the text comes back to', async () => {
    const { tags } = await enricher.enrich({ title: '', language: 'en-GB', text: ENGLISH });
    expect(tags).toEqual(expect.arrayContaining(['lighthouse', 'lamp', 'keeper', 'harbour', 'daughter']));
    expect(tags.every((tag) => ENGLISH.includes(tag))).toBe(true);
    const german = await enricher.enrich({ title: '', language: 'de-AT', text: GERMAN });
    expect(german.tags).toEqual(expect.arrayContaining(['lampe', 'hafen', 'leuchtturm']));
    expect(german.tags).not.toContain('der');
  });

  it('tells the reading level of English, and of nothing else', async () => {
    const english = await enricher.enrich({ title: '', language: 'en', text: ENGLISH });
    expect(english.readingLevel).toEqual({ band: 'CHILDREN', grade: 6 });
    const hard = await enricher.enrich({ title: '', language: 'en', text: `${TREATISE} `.repeat(3) });
    expect(hard.readingLevel?.band).toBe('ADVANCED');
    expect((await enricher.enrich({ title: '', language: 'de', text: GERMAN })).readingLevel).toBeNull();
    const short = await enricher.enrich({ title: '', language: 'en', text: 'A short text is no sample of anything.' });
    expect(short.readingLevel).toBeNull();
  });

  it('reads languages written without blanks', async () => {
    const text =
      '灯台は港の上の崖に立っていた。灯台守は毎晩階段を上って灯台のランプに火をともした。船は灯台の光を頼りに港へ入った。';
    const { summary, tags } = await enricher.enrich({ title: '', language: 'ja', text });
    expect(text).toContain((summary ?? 'none').split(' ')[0]);
    expect(tags).toContain('灯台');
  });

  it('gives no tags where it cannot tell a topic from a filler', async () => {
    const answer = await enricher.enrich({ title: '', language: 'und', text: GERMAN });
    expect(answer.tags).toEqual([]);
    expect(answer.summary).not.toBeNull();
  });

  it.each(['', '   \n\n ', '12 34 56', 'CHAPTER ONE', '\ud800', 'a'.repeat(50_000)])(
    'says null for what is no prose (%#)',
    async (text) => {
      expect(await enricher.enrich({ title: '', language: 'en', text })).toMatchObject({
        summary: null,
        tags: [],
        readingLevel: null,
      });
      expect((await enricher.enrich({ title: '', language: 'not a tag!', text })).summary).toBeNull();
    },
  );

  it('says who it is, and that it cost nothing', async () => {
    const { provenance } = await enricher.enrich({ title: '', language: 'en', text: ENGLISH });
    expect(provenance).toEqual({
      provider: 'local',
      model: 'extractive',
      promptVersion: 'extractive-1',
      tokensIn: 0,
      tokensOut: 0,
      costMicros: 0,
    });
  });

  it('reads only the beginning of a text of any length, and stops when told', async () => {
    const text = `${ENGLISH}\n\n`.repeat(1_000);
    const beginning = await enricher.enrich({ title: '', language: 'en', text });
    expect(beginning.summary).not.toBeNull();
    const tail = 'The dragon ate the dragon, and no dragon was ever seen again by any dragon. '.repeat(5_000);
    expect(await enricher.enrich({ title: '', language: 'en', text: `${text}${tail}` })).toEqual(beginning);
    const stop = new AbortController();
    const request = { title: '', language: 'en', text, signal: stop.signal };
    const ended = Promise.allSettled([enricher.enrich(request), enricher.enrich(request)]);
    setTimeout(() => stop.abort(), 1);
    const stopped = { status: 'rejected', reason: { code: 'AI_UNAVAILABLE', retryable: true } };
    expect(await ended).toMatchObject([stopped, stopped]);
    await expect(enricher.enrich(request)).rejects.toMatchObject({ code: 'AI_UNAVAILABLE' });
  });
});
