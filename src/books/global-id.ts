/** Global ids: `Type:UUID` in base64url, opaque to whoever gets one. Reading them is the API's (../schema/ids.ts). */
export function globalId(typename: string, id: string | number | bigint): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url');
}
