// its own types would give request.session another type than this module does
declare module 'express-session' {
  const session: (options: object) => never;
  export default session;
  export class Store {}
}
