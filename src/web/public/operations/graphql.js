// @ts-check
/**
 * Marks the text of an operation. It is the text itself; what it answers is known from src/web/gql, made by
 * `npm run codegen` from schema.graphql.
 * @type {typeof import('../../gql/gql.ts').graphql}
 */
export const graphql = identity;

/** @param {any} source */
function identity(source) {
  return source;
}
