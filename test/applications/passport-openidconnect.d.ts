// The package ships no types.
declare module 'passport-openidconnect' {
  import { Strategy } from 'passport';

  export default class OpenIDConnectStrategy extends Strategy {
    constructor(options: object, verify: (...args: never[]) => void);
  }
}
