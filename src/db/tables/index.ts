export * from './accounts.ts';
export * from './api-keys.ts';
export * from './books.ts';
export * from './engine.ts';
export * from './files.ts';
export * from './operations.ts';
export * from './orders.ts';
export * from './webhooks.ts';
