/**
 * Which documents have the same answer for every caller, whoever they are: so that one answer can be given to all.
 *
 * Promise: a field is on the list only if neither its value nor the right to see it depends on who asks, where it is
 * reached by fields of the list alone: an edition of the catalogue is on sale, and open to everybody. A field that is not
 * on the list makes the whole document one that is answered for its caller. test/server/shared-answers.test.ts asks for
 * all of them as every kind of caller.
 * Not here: API keys, which may be refused what everybody else is given.
 */
import { BREAK, type DocumentNode, type GraphQLSchema, TypeInfo, visit, visitWithTypeInfo } from 'graphql';

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Query: ['catalogue', 'catalogueFacets'],
  CatalogueFacets: ['count', 'isWhole', 'languages', 'subjects', 'priceCounts', 'publishedCounts'],
  FacetValue: ['value', 'count'],
  EditionConnection: ['edges', 'nodes', 'pageInfo'],
  EditionEdge: ['cursor', 'node'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
  Edition: [
    'id',
    'onSale',
    'isBuyable',
    'title',
    'contributors',
    'covers',
    'isbn13',
    'prices',
    'price',
    'offers',
    'ratingAverage',
    'ratingCount',
    'publishedAt',
    'createdAt',
    'updatedAt',
  ],
  Contributor: ['name', 'role', 'roleName'],
  Cover: ['url', 'width', 'height', 'mediaType'],
  Money: ['amountMinor', 'amount', 'currency'],
  Offer: ['price', 'regularPrice', 'minimum', 'campaign', 'validUntil'],
};

/** As `Type.field`. */
export const sameForAllFields: ReadonlySet<string> = new Set(
  Object.entries(FIELDS).flatMap(([type, names]) => names.map((name) => `${type}.${name}`)),
);

/** @param document one that the schema takes */
export function isSameForAll(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let isSame = true;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name }) => {
        const type = types.getParentType();
        if (name.value === '__typename' || (type && sameForAllFields.has(`${type.name}.${name.value}`)))
          return undefined;
        isSame = false;
        return BREAK;
      },
    }),
  );
  return isSame;
}
