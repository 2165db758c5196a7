// @ts-check
/** Sending a file: hash it, announce it, put its bytes, let them be checked. */
import { ApiError, ask } from './api.js';
import { completeUpload, createUpload } from './operations/desk.js';

/** What a browser can hash at once; the server has a limit of its own. */
const SIZE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * @param {File} file
 * @param {{ signal: AbortSignal, onProgress: (words: string, share: number) => void }} options `share` from 0 to 1
 * @returns {Promise<string>} the file's id
 * @throws {ApiError} with words for a person
 */
export async function upload(file, { signal, onProgress }) {
  if (file.size === 0) throw new ApiError('EMPTY', 'This file is empty.');
  if (file.size > SIZE_BYTES_MAX)
    throw new ApiError('TOO_LARGE', 'This file is larger than 256 MiB, too large to be sent from here.');
  onProgress('Reading the file …', 0);
  const sha256 = await hashOf(file);
  const announced = await ask(createUpload, { input: { name: file.name, sizeBytes: file.size, sha256 } }, { signal });
  if (announced.result.__typename !== 'CreateUploadPayload') throw refusal(announced.result);
  const { uploadUrl, headers, file: created } = announced.result;
  await put(uploadUrl, headers, file, signal, (share) => onProgress('Sending the file …', share));
  onProgress('Checking what arrived …', 1);
  const completed = await ask(completeUpload, { input: { fileId: created.id } }, { signal });
  if (completed.result.__typename !== 'CompleteUploadPayload') throw refusal(completed.result);
  return completed.result.file.id;
}

/** @param {{ code: string, message: string, fields?: readonly { message: string }[] }} error */
const refusal = ({ code, message, fields }) =>
  new ApiError(code, fields?.map((fault) => fault.message).join(' ') ?? message);

/** @param {File} file @returns {Promise<string>} hex */
async function hashOf(file) {
  // Browsers keep this back from pages that are neither on HTTPS nor on localhost.
  if (!isSecureContext) throw new ApiError('INSECURE', 'Files can be sent only over HTTPS or from localhost.');
  const bytes = await file.arrayBuffer().catch(() => {
    throw new ApiError('UNREADABLE', 'This file cannot be read. It may have moved; choose it again.');
  });
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * XMLHttpRequest, since fetch does not tell how much was sent.
 * @param {string} url @param {readonly { name: string, value: string }[]} headers @param {File} file
 * @param {AbortSignal} signal @param {(share: number) => void} onSent
 * @returns {Promise<void>}
 */
function put(url, headers, file, signal, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () =>
      reject(new ApiError('OFFLINE', 'The file could not be sent. Check your connection and try again.'));
    request.open('PUT', url);
    for (const { name, value } of headers) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0));
    request.addEventListener('load', () => {
      if (request.status < 300) resolve();
      else reject(new ApiError('REFUSED', messageIn(request.responseText)));
    });
    request.addEventListener('error', fail);
    request.addEventListener('abort', fail);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** @param {string} text */
function messageIn(text) {
  try {
    return JSON.parse(text).errors[0].message;
  } catch {
    return 'The file was refused. Try again.';
  }
}
