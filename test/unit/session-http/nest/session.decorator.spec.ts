import 'reflect-metadata';
import { Session } from '../../../../lib/session-http/nest/session.decorator.js';

describe('Session', () => {
  it('H5 is no type that a pipe could make an instance of, as SWC has it', () => {
    class Visits {
      count(): void {
        return;
      }
    }
    Reflect.defineMetadata('design:paramtypes', [String, Session, Session], Visits.prototype, 'count');
    Session()(Visits.prototype, 'count', 1);
    expect(Reflect.getMetadata('design:paramtypes', Visits.prototype, 'count')).toEqual([
      String,
      Object,
      Session,
    ]);
  });
});
