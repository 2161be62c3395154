import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type Book, BOOKS } from './books.js';

/** A slow database. */
@Injectable()
export class BookDatabase {
  static readonly QUERY_MS = 800;

  async findAll(): Promise<readonly Book[]> {
    await pause(BookDatabase.QUERY_MS);
    return BOOKS;
  }
}
