/**
 * The in-memory storage of @nestjs/throttler in a process of its own, for Node 20's Jest cannot load the package.
 * Each message is a call at a given time; each answer its record.
 */
import 'reflect-metadata';
import { ThrottlerStorageService } from '@nestjs/throttler';

const storage = new ThrottlerStorageService();

process.on('message', async ({ now, call }) => {
  Date.now = () => now;
  process.send(await storage.increment(...call));
});
process.on('disconnect', () => process.exit());
