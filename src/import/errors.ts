/** What stops an import as a whole. Single bad cells do not: they are reported. */
export type ImportErrorCode = 'CSV_UNREADABLE' | 'CSV_BROKEN' | 'CSV_COLUMNS' | 'IMPORT_OPTIONS' | 'IMPORT_OWNER';

export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;

  constructor(code: ImportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
