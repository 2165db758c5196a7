/**
 * BlobStorage in a bucket of any S3-compatible server, by flydrive's S3 driver and the AWS presigner.
 *
 * A put is first spooled to a local file, measured and hashed, then sent as one request with its length and SHA-256, so
 * the bucket never sees a file that is too large or was cut short. Every request has time limits and at most two tries.
 * Not here: multipart uploads (one PUT holds 5 GB), ACLs (the bucket is private).
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat as statFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { S3Driver } from 'flydrive/drivers/s3';
import { BlobNotFoundError, BlobStorageError, BlobStorageUnavailableError, checkBlobKey } from './blob-storage.ts';
import type { BlobStorage } from './blob-storage.ts';
import { streamToFile } from './folder-storage.ts';
import { deleteOlderFiles } from './folder-walk.ts';
import { spoolToFile } from './spool.ts';

export interface S3StorageOptions {
  readonly bucket: string;
  /** (Default: us-east-1, which most compatible servers accept) */
  readonly region?: string | undefined;
  /** Of a server that is not Amazon's. */
  readonly endpoint?: string | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Bucket in the path, not in the host name. (Default: true with an endpoint) */
  readonly forcePathStyle?: boolean | undefined;
  /** Where uploads are spooled. (Default: the system's folder for temporary files) */
  readonly spoolPath?: string | undefined;
  /** (Default: 5000) */
  readonly connectTimeoutMs?: number | undefined;
  /** A connection that is silent for so long is given up. (Default: 30000) */
  readonly idleTimeoutMs?: number | undefined;
}

/** Begins the names of spooled files. */
const SPOOLED = 'booky-hub-put-';
const SIGNED_URL_EXPIRES_MS_MAX = 7 * 24 * 3_600_000;

export function createS3Storage(options: S3StorageOptions): BlobStorage & { close(): void } {
  const { bucket, spoolPath = tmpdir() } = options;
  const client = s3Client(options);
  const driver = new S3Driver({ client, bucket, visibility: 'private', supportsACL: false });

  return {
    async put(key, content, limits) {
      checkBlobKey(key);
      const spooled = join(spoolPath, `${SPOOLED}${randomUUID()}`);
      const receipt = await spoolToFile(content, spooled, limits);
      try {
        limits.signal?.throwIfAborted();
        await guard(key, () =>
          driver.putStream(key, createReadStream(spooled), {
            contentType: limits.contentType,
            contentLength: receipt.sizeBytes,
            ChecksumSHA256: Buffer.from(receipt.sha256, 'hex').toString('base64'),
          }),
        );
      } finally {
        await rm(spooled, { force: true });
      }
      return receipt;
    },
    get: (key, options) =>
      guard(key, async () => {
        checkBlobKey(key);
        const stream = await driver.getStream(key);
        options?.signal?.addEventListener('abort', () => stream.destroy(new Error('The read was aborted.')), {
          once: true,
        });
        return stream;
      }),
    getToFile: (key, path, options) =>
      guard(key, async () => {
        checkBlobKey(key);
        await streamToFile(await driver.getStream(key), path, options?.signal);
        return { sizeBytes: (await statFile(path)).size };
      }),
    stat: (key) =>
      guard(key, async () => {
        checkBlobKey(key);
        const { contentLength, contentType, lastModified } = await driver.getMetaData(key);
        return { sizeBytes: contentLength, contentType: contentType ?? null, modifiedAt: lastModified };
      }),
    exists: (key) =>
      guard(key, async () => {
        checkBlobKey(key);
        return driver.exists(key);
      }),
    copy: (from, to) =>
      guard(from, async () => {
        checkBlobKey(from);
        checkBlobKey(to);
        await driver.copy(from, to);
      }),
    move: (from, to) =>
      guard(from, async () => {
        checkBlobKey(from);
        checkBlobKey(to);
        await driver.move(from, to);
      }),
    delete: (key) =>
      guard(key, async () => {
        checkBlobKey(key);
        await driver.delete(key);
      }),
    async *list(folder, options) {
      checkBlobKey(folder);
      const limits = options?.signal === undefined ? {} : { abortSignal: options.signal };
      let token: string | undefined;
      do {
        const query = new ListObjectsV2Command({ Bucket: bucket, Prefix: `${folder}/`, ContinuationToken: token });
        const page = await guard('', () => client.send(query, limits));
        for (const { Key: key, LastModified: modifiedAt } of page.Contents ?? []) {
          if (key !== undefined && modifiedAt !== undefined) yield { key, modifiedAt };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    deleteUnfinished: (before) => deleteOlderFiles(spoolPath, before, SPOOLED),
    async signedPutUrl(key, { expiresInMs, contentType, sizeBytes }) {
      checkBlobKey(key);
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentType: contentType,
        ...(sizeBytes === undefined ? {} : { ContentLength: sizeBytes }),
      });
      const url = await getSignedUrl(client, command, {
        expiresIn: expiresInSeconds(expiresInMs),
        signableHeaders: new Set(['host', 'content-type', 'content-length']),
      });
      const headers = { 'content-type': contentType };
      return { url, headers: sizeBytes === undefined ? headers : { ...headers, 'content-length': `${sizeBytes}` } };
    },
    async signedGetUrl(key, { expiresInMs, fileName, contentType }) {
      checkBlobKey(key);
      return driver.getSignedUrl(key, {
        expiresIn: expiresInSeconds(expiresInMs),
        contentType,
        contentDisposition: contentDisposition(fileName),
      });
    },
    checkHealth: (options) =>
      guard('', async () => {
        await client.send(
          new HeadBucketCommand({ Bucket: bucket }),
          options?.signal === undefined ? {} : { abortSignal: options.signal },
        );
      }),
    close: () => client.destroy(),
  };
}

/** An attachment's header for any file name: ASCII for old clients, RFC 5987 for the rest. */
export function contentDisposition(fileName: string): string {
  const name = fileName.slice(0, 200);
  const ascii = name.replaceAll(/[^\w .()-]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function s3Client(options: S3StorageOptions): S3Client {
  const { connectTimeoutMs = 5_000, idleTimeoutMs = 30_000, endpoint } = options;
  return new S3Client({
    region: options.region ?? 'us-east-1',
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 2,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs },
  });
}

function expiresInSeconds(expiresInMs: number): number {
  return Math.max(1, Math.ceil(Math.min(expiresInMs, SIGNED_URL_EXPIRES_MS_MAX) / 1_000));
}

async function guard<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BlobStorageError || !(error instanceof Error)) throw error;
    const status = statusOf(error);
    if (status === 404 && key !== '') throw new BlobNotFoundError(key, { cause: error });
    if (status !== undefined || isNetworkFault(error)) {
      const said = status === undefined ? error.message : `${status} ${error.name}`;
      throw new BlobStorageUnavailableError(
        `The object storage did not do what was asked (${said}). Check its address, bucket and credentials.`,
        { cause: error },
      );
    }
    throw error;
  }
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const status = 'httpStatusCode' in error.$metadata ? error.$metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

function isNetworkFault(error: Error): boolean {
  if (error.name === 'TimeoutError') return true;
  return (
    'code' in error && typeof error.code === 'string' && /^(?:ECONN|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE)/.test(error.code)
  );
}
