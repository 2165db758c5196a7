/**
 * Once per test run: real servers, a migrated template database, and where to find them (`inject('databaseUrl')`,
 * `inject('redisUrl')`, `inject('templateName')`). Each test file clones the template (database.ts): 70–190 ms.
 */
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { startTestServices } from './services.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
    redisUrl: string;
    templateName: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startTestServices();
  const templateName = `booky_template_${process.pid}`;
  const admin = postgres(services.databaseUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(`drop database if exists ${templateName}`);
  await admin.unsafe(`create database ${templateName}`);
  const url = new URL(services.databaseUrl);
  url.pathname = `/${templateName}`;
  await migrateDatabase(url.href);
  project.provide('databaseUrl', services.databaseUrl);
  project.provide('redisUrl', services.redisUrl);
  project.provide('templateName', templateName);
  return async () => {
    await admin.unsafe(`drop database if exists ${templateName} with (force)`);
    await admin.end();
    await services.stop();
  };
}
