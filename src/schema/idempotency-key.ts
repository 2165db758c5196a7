/** The key by which a client says: this is the same request as before. */
import { z } from 'zod';

const KEY_CHARS_MIN = 8;
const KEY_CHARS_MAX = 200;

export const idempotencyKeySchema = z
  .string()
  .regex(
    new RegExp(`^[\\x21-\\x7e]{${KEY_CHARS_MIN},${KEY_CHARS_MAX}}$`),
    `An idempotencyKey has ${KEY_CHARS_MIN} to ${KEY_CHARS_MAX} letters, digits and signs, no spaces. A UUID is a good one.`,
  );
