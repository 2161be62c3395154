import { Injectable } from '@nestjs/common';
import { PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';

/** Lets in anybody who knows the word. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  validate(id: string, password: string): { id: string } | null {
    return password === 'right' ? { id } : null;
  }
}

/** Users have nothing but an id. */
@Injectable()
export class UserSerializer extends PassportSerializer {
  serializeUser({ id }: { id: string }, done: (error: null, id: string) => void): void {
    done(null, id);
  }

  deserializeUser(id: string, done: (error: null, user: { id: string }) => void): void {
    done(null, { id });
  }
}
