/** A page of the catalogue: what is asked of both, and the constant that bare Yoga answers with. */

/** A shop's page: titles, authors, cover, price and rating of 20 editions. */
export const CATALOGUE_QUERY = `query Shop($first: Int!, $after: String) {
  catalogue(first: $first, after: $after) {
    nodes { id title contributors { name role } covers { url width height } price { amount currency } ratingAverage ratingCount }
    pageInfo { hasNextPage endCursor } } }`;

/** The same without the cursor, which the constant does not take. */
export const CONSTANT_QUERY = CATALOGUE_QUERY.replace(', $after: String', '').replace(', after: $after', '');

export const PAGE_SIZE = 20;

export const BOOKS_TYPES = `
  type Contributor { name: String! role: String! }
  type Cover { url: String! width: Int! height: Int! }
  type Money { amount: String! currency: String! }
  type Edition { id: ID! title: String! contributors: [Contributor!]! covers: [Cover!]! price: Money
    ratingAverage: Float ratingCount: Int! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type EditionConnection { nodes: [Edition!]! pageInfo: PageInfo! }`;

export const books = {
  nodes: Array.from({ length: PAGE_SIZE }, (_, at) => ({
    id: Buffer.from(`Edition:018f0000-0000-7000-8000-${String(at).padStart(12, '0')}`).toString('base64url'),
    title: `The synthetic book number ${at}`,
    contributors: [
      { name: `Author ${at}`, role: 'aut' },
      { name: `Translator ${at}`, role: 'trl' },
    ],
    covers: [200, 400, 800].map((width) => ({
      url: `http://127.0.0.1:4000/covers/018f0000-0000-7000-8000-${String(at).padStart(12, '0')}/${width}.jpg`,
      width,
      height: width * 1.5,
    })),
    price: { amount: '9.99', currency: 'EUR' },
    ratingAverage: 4.25,
    ratingCount: 1_000 + at,
  })),
  pageInfo: { hasNextPage: true, endCursor: 'WzE3NjM4NTYwMDAwMDAsIjAxOGYwMDAwIl0' },
};
