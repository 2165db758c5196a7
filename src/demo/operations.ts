/** The operations of the demo and what their answers look like. */
import { z } from 'zod';

const errors = '... on Error { message } ... on ValidationError { fields { path message } }';
const id = z.object({ id: z.string() });

export const signUp = {
  document: `mutation ($input: SignUpInput!) { signUp(input: $input) { __typename ... on SignUpPayload { session { token } } ${errors} } }`,
  schema: z.object({ session: z.object({ token: z.string() }) }),
};
export const becomeAuthor = {
  document: `mutation ($input: BecomeAuthorInput!) { becomeAuthor(input: $input) { __typename ... on BecomeAuthorPayload { viewer { id } } ${errors} } }`,
  schema: z.object({ viewer: id }),
};
export const createUpload = {
  document: `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { __typename ... on CreateUploadPayload { file { id } uploadUrl headers { name value } } ${errors} } }`,
  schema: z.object({
    file: id,
    uploadUrl: z.string(),
    headers: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
};
export const completeUpload = {
  document: `mutation ($input: CompleteUploadInput!) { completeUpload(input: $input) { __typename ... on CompleteUploadPayload { file { id } } ${errors} } }`,
  schema: z.object({ file: id }),
};
export const createDraft = {
  document: `mutation ($input: CreateDraftInput!) { createDraft(input: $input) { __typename ... on CreateDraftPayload { edition { id } } ${errors} } }`,
  schema: z.object({ edition: id }),
};
export const attachFile = {
  document: `mutation ($input: AttachFileInput!) { attachFile(input: $input) { __typename ... on AttachFilePayload { edition { id } } ${errors} } }`,
  schema: z.object({ edition: id }),
};
export const submitEdition = {
  document: `mutation ($input: SubmitEditionInput!) { submitEdition(input: $input) { __typename ... on SubmitEditionPayload { edition { id } } ${errors} } }`,
  schema: z.object({ edition: id }),
};
export const unpublishEdition = {
  document: `mutation ($input: UnpublishEditionInput!) { unpublishEdition(input: $input) { __typename ... on UnpublishEditionPayload { edition { id } } ${errors} } }`,
  schema: z.object({ edition: id }),
};
export const editionStatus = {
  document: `subscription ($id: ID!, $after: Int) { editionStatus(editionId: $id, after: $after) { seq at status stage note retryAt } }`,
  schema: z.object({
    seq: z.int(),
    at: z.string(),
    status: z.string(),
    stage: z.string().nullable(),
    note: z.string().nullable(),
    retryAt: z.string().nullable(),
  }),
};
export const readReport = {
  document: `query ($id: ID!) { edition(id: $id) { liveRevision { ...Facts } workingRevision { ...Facts } } }
    fragment Facts on Revision { title wordCount language covers { width } tableOfContents { label } report { code severity file line message } }`,
  schema: z.object({
    liveRevision: z.lazy(() => facts).nullable(),
    workingRevision: z.lazy(() => facts).nullable(),
  }),
};
export const placeOrder = {
  document: `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename ... on PlaceOrderPayload { order { id } } ${errors} } }`,
  schema: z.object({ order: id }),
};
export const orderStatus = {
  document: `subscription ($id: ID!, $after: Int) { orderStatus(orderId: $id, after: $after) { seq at status stage reason retryAt } }`,
  schema: z.object({
    seq: z.int(),
    at: z.string(),
    status: z.string(),
    stage: z.string().nullable(),
    reason: z.string().nullable(),
    retryAt: z.string().nullable(),
  }),
};
export const createDownload = {
  document: `mutation ($input: CreateDownloadInput!) { createDownload(input: $input) { __typename ... on CreateDownloadPayload { url fileName sizeBytes } ${errors} } }`,
  schema: z.object({ url: z.string(), fileName: z.string(), sizeBytes: z.number() }),
};

const facts = z.object({
  title: z.string(),
  wordCount: z.int().nullable(),
  language: z.string().nullable(),
  covers: z.array(z.object({ width: z.int() })),
  tableOfContents: z.array(z.object({ label: z.string() })),
  report: z
    .array(
      z.object({
        code: z.string(),
        severity: z.string(),
        file: z.string().nullable(),
        line: z.int().nullable(),
        message: z.string(),
      }),
    )
    .nullable(),
});
export type RevisionFacts = z.infer<typeof facts>;
