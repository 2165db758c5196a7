/**
 * The storage port: where the bytes of books and covers live.
 *
 * Promise of every adapter (test/ports/storage/conformance.ts checks it): a key holds the whole of one `put` or nothing;
 * a put that fails, is too large or is aborted leaves what was there before. Keys are checked, so that none leads out of
 * the store.
 * Not here: who may read what (the API's matter), and our own signed URLs (signed-url.ts).
 */
import type { Readable } from 'node:stream';

export interface PutOptions {
  /** Of the form type/subtype. */
  readonly contentType: string;
  /** One byte more throws BlobTooLargeError. */
  readonly sizeBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PutReceipt {
  readonly sizeBytes: number;
  /** Lower-case hex of what was stored. */
  readonly sha256: string;
}

export interface BlobStat {
  readonly sizeBytes: number;
  /** What the store believes it is; the folder adapter tells it by the key's ending. */
  readonly contentType: string | null;
  readonly modifiedAt: Date;
}

export interface StoredBlob {
  readonly key: string;
  readonly modifiedAt: Date;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface SignedPut {
  readonly url: string;
  /** To be sent with the PUT, exactly. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface BlobStorage {
  /** @throws BlobTooLargeError, BlobKeyInvalidError, BlobStorageUnavailableError */
  put(key: string, content: Readable | Uint8Array, options: PutOptions): Promise<PutReceipt>;
  /** The caller reads the stream to its end or destroys it. @throws BlobNotFoundError */
  get(key: string, options?: CallOptions): Promise<Readable>;
  /** Writes to `path`, which appears only when whole. @throws BlobNotFoundError */
  getToFile(key: string, path: string, options?: CallOptions): Promise<{ readonly sizeBytes: number }>;
  /** @throws BlobNotFoundError */
  stat(key: string): Promise<BlobStat>;
  exists(key: string): Promise<boolean>;
  /** Replaces what `to` held. @throws BlobNotFoundError */
  copy(from: string, to: string): Promise<void>;
  /** Replaces what `to` held. @throws BlobNotFoundError */
  move(from: string, to: string): Promise<void>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Every key that begins with `folder/`, in no order; what is put or deleted meanwhile may be in it or not. */
  list(folder: string, options?: CallOptions): AsyncIterable<StoredBlob>;
  /** Deletes what puts left behind whose process died before that. @returns how many */
  deleteUnfinished(before: Date): Promise<number>;
  /**
   * A URL by which a client may PUT straight into the store.
   * With `sizeBytes` the store accepts exactly so many; without, the size must be checked by `stat` afterwards.
   * @returns null when the API has to receive the bytes itself
   */
  signedPutUrl(
    key: string,
    options: {
      readonly expiresInMs: number;
      readonly contentType: string;
      readonly sizeBytesMax: number;
      readonly sizeBytes?: number | undefined;
    },
  ): Promise<SignedPut | null>;
  /** @returns null when the API has to send the bytes itself */
  signedGetUrl(
    key: string,
    options: { readonly expiresInMs: number; readonly fileName: string; readonly contentType: string },
  ): Promise<string | null>;
  /** Resolves when the store can be written and read; else throws BlobStorageUnavailableError. */
  checkHealth(options?: CallOptions): Promise<void>;
}

export type BlobStorageErrorCode =
  | 'BLOB_NOT_FOUND'
  | 'BLOB_TOO_LARGE'
  | 'BLOB_KEY_INVALID'
  | 'BLOB_STORAGE_UNAVAILABLE';

export abstract class BlobStorageError extends Error {
  abstract readonly code: BlobStorageErrorCode;
}

export class BlobNotFoundError extends BlobStorageError {
  override readonly name = 'BlobNotFoundError';
  readonly code = 'BLOB_NOT_FOUND';
  constructor(key: string, options?: ErrorOptions) {
    super(`Nothing is stored under "${key}".`, options);
  }
}

export class BlobTooLargeError extends BlobStorageError {
  override readonly name = 'BlobTooLargeError';
  readonly code = 'BLOB_TOO_LARGE';
  readonly sizeBytesMax: number;
  constructor(sizeBytesMax: number) {
    super(`The file is larger than the ${sizeBytesMax} bytes allowed. Send a smaller one.`);
    this.sizeBytesMax = sizeBytesMax;
  }
}

export class BlobKeyInvalidError extends BlobStorageError {
  override readonly name = 'BlobKeyInvalidError';
  readonly code = 'BLOB_KEY_INVALID';
}

/** Worth a retry: the store is not reached, is full, or answered with an error of its own. */
export class BlobStorageUnavailableError extends BlobStorageError {
  override readonly name = 'BlobStorageUnavailableError';
  readonly code = 'BLOB_STORAGE_UNAVAILABLE';
}

const KEY_LENGTH_MAX = 512;
const KEY = /^[a-zA-Z0-9][\w.-]*(?:\/[a-zA-Z0-9][\w.-]*)*$/;

/**
 * Keys are paths of letters, digits, `_`, `-` and `.`, each part beginning with a letter or digit, so that `..`, hidden
 * files, absolute paths and back-slashes cannot be said.
 * @throws BlobKeyInvalidError
 */
export function checkBlobKey(key: string): void {
  if (key.length <= KEY_LENGTH_MAX && KEY.test(key)) return;
  throw new BlobKeyInvalidError(
    `"${key.slice(0, 80)}" is not a storage key: at most ${KEY_LENGTH_MAX} characters, parts of a-z, 0-9, "_", "-" and "." ` +
      'joined by "/", each beginning with a letter or digit.',
  );
}
