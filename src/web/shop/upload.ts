/** Sending a file: hash it, announce it, put its bytes, let them be checked. */
import { send, wordsIn } from '../shared/ask.ts';
import { completeUpload, createUpload } from './operations/desk.ts';

/** What a browser can hash at once; the server has a limit of its own. */
const SIZE_BYTES_MAX = 256 * 1024 * 1024;

/** The file was not taken; the message is for a person. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
}

export type OnProgress = (words: string, share: number) => void;

/**
 * @param onProgress `share` from 0 to 1
 * @returns the file's id
 * @throws UploadError
 */
export async function upload(file: File, onProgress: OnProgress): Promise<string> {
  if (file.size === 0) throw new UploadError('This file is empty.');
  if (file.size > SIZE_BYTES_MAX)
    throw new UploadError('This file is larger than 256 MiB, too large to be sent from here.');
  onProgress('Reading the file …', 0);
  const sha256 = await hashOf(file);
  const input = { name: file.name, sizeBytes: file.size, sha256 };
  const announced = await send(createUpload, { input }, 'CreateUploadPayload');
  if (!announced.done) throw new UploadError(wordsIn(announced.refused));
  const { uploadUrl, headers, file: created } = announced.done;
  await put(uploadUrl, headers, file, (share) => onProgress('Sending the file …', share));
  onProgress('Checking what arrived …', 1);
  const completed = await send(completeUpload, { input: { fileId: created.id } }, 'CompleteUploadPayload');
  if (!completed.done) throw new UploadError(wordsIn(completed.refused));
  return completed.done.file.id;
}

async function hashOf(file: File): Promise<string> {
  // Browsers keep this back from pages that are neither on HTTPS nor on localhost.
  if (!isSecureContext) throw new UploadError('Files can be sent only over HTTPS or from localhost.');
  const bytes = await file.arrayBuffer().catch(() => {
    throw new UploadError('This file cannot be read. It may have moved; choose it again.');
  });
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** XMLHttpRequest, since fetch does not tell how much was sent. */
function put(
  url: string,
  headers: readonly { name: string; value: string }[],
  file: File,
  onSent: (share: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = new XMLHttpRequest();
  const fail = () => reject(new UploadError('The file could not be sent. Check your connection and try again.'));
  request.open('PUT', url);
  // The cookie of the session comes with it.
  if (new URL(url).origin === location.origin) request.setRequestHeader('x-booky-hub', 'page');
  for (const { name, value } of headers) request.setRequestHeader(name, value);
  request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0));
  request.addEventListener('load', () => {
    if (request.status < 300) resolve();
    else reject(new UploadError(messageIn(request.responseText)));
  });
  request.addEventListener('error', fail);
  request.addEventListener('abort', fail);
  request.send(file);
  return promise;
}

function messageIn(text: string): string {
  const found = /"message":"((?:[^"\\]|\\.){1,500})"/.exec(text)?.[1];
  return found === undefined ? 'The file was refused. Try again.' : found.replaceAll('\\"', '"');
}
