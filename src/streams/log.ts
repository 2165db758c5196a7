/** What the engine needs of a logger; pino fits. Every line carries the stage, run or stream it speaks of. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
