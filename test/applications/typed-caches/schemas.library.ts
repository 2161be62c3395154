import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type } from 'arktype';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  CodexRedisModule,
  CacheService,
  defineCache,
  getTypedCacheToken,
  type StandardSchema,
  type TypedCache,
} from 'nestjs-codex-redis';
import * as v from 'valibot';
import { z } from 'zod';

const toDate = (text: string): Date => new Date(text);
const schemas = {
  zod: z.object({ at: z.iso.datetime().transform(toDate) }),
  valibot: v.object({ at: v.pipe(v.string(), v.isoTimestamp(), v.transform(toDate)) }),
  arktype: type({ at: type('string.date.iso').pipe(toDate) }),
} satisfies Record<string, StandardSchema<{ at: string }, { at: Date }>>;

const start = async (schema: StandardSchema<{ at: string }, { at: Date }>) => {
  const definition = defineCache({ name: 'visit', key: (id: number) => id, schema });
  @Module({
    imports: [CodexRedisModule.forRoot({ url: 'memory:' }), CodexRedisModule.forFeature([definition])],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  const visits = app.get<TypedCache<number, { at: string }, { at: Date }>>(
    getTypedCacheToken(definition) as never,
    {
      strict: false,
    },
  );
  return { app, visits, cache: app.get(CacheService, { strict: false }) };
};

for (const [name, schema] of Object.entries(schemas))
  it(`DE5 stores the input of ${name} and gives its output`, async () => {
    const { app, visits, cache } = await start(schema);
    const input = { at: '2023-11-14T22:13:20.000Z' };
    const output = { at: new Date(input.at) };
    assert.deepStrictEqual(await visits.getOrSet(1, () => input), output);
    assert.deepStrictEqual(await visits.getOrSet(1, () => Promise.reject(new Error('no hit'))), output);
    assert.deepStrictEqual(await cache.get('visit:1'), input);
    await assert.rejects(visits.set(1, { at: 'soon' }), /does not fit the schema of the cache "visit": at/);
    await cache.set('visit:1', { when: 1 });
    assert.equal(await visits.get(1), undefined);
    assert.equal(visits.mismatches, 1);
    await app.close();
  });

const slow = async (): Promise<boolean> => Promise.resolve(true);
const asynchronous = {
  'zod, in a refinement': z.object({ at: z.iso.datetime().refine(slow).transform(toDate) }),
  'zod, in a transformation': z.object({
    at: z.string().transform(async (text) => toDate(await Promise.resolve(text))),
  }),
  valibot: v.objectAsync({ at: v.pipeAsync(v.string(), v.checkAsync(slow), v.transform(toDate)) }),
};

for (const [name, schema] of Object.entries(asynchronous))
  it(`DE5 refuses an asynchronous schema at start: ${name}`, async () => {
    await assert.rejects(start(schema as never), /the schema is asynchronous/);
  });
