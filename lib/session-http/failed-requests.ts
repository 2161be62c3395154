import { stackOf } from '../common/stack-of.js';
import { moduleLogger } from '../common/loggers.js';
import { HttpMappedError } from '../errors/http-mapped.error.js';
import type { FailureReply } from './gate/failure-reply.js';
import { type PlatformRequest, routeOf } from './platform-request.js';

const SERVER_ERROR = 500;
export const SERVICE_UNAVAILABLE = 503;

/** Seconds: a client may try again as soon as that, since Redis may be back and nothing else was lost. */
const RETRY_AFTER = '1';

/** Headers that may still be set. */
interface OpenHeaders {
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
}

/** Tells the client of a 503 when to try again, unless it was told already. */
export const suggestRetry = (headers: OpenHeaders): void => {
  if (headers.getHeader('Retry-After') === undefined) headers.setHeader('Retry-After', RETRY_AFTER);
};

/** One line for the log; a stack of what nobody expects only. */
export const logFailedRequest = (request: PlatformRequest, error: unknown): void => {
  const what = `An error was answered for ${routeOf(request)}`;
  if (error instanceof HttpMappedError) moduleLogger.error(`${what}: ${error.name}: ${error.message}`);
  else moduleLogger.error(what, stackOf(error));
};

/** True if the failure may be gone when the client tries again. */
export const meansUnavailable = (error: unknown): boolean =>
  error instanceof HttpMappedError && error.getStatus() === SERVICE_UNAVAILABLE;

/** The reply when a session could not be saved. */
export const replyToFailure = (error: unknown): FailureReply =>
  error instanceof HttpMappedError
    ? error.getResponse()
    : { statusCode: SERVER_ERROR, message: 'Internal server error' };

/** The same error in the words for clients: of a GraphQL error they are sent the message. */
export const withPublicMessage = (error: HttpMappedError): HttpMappedError =>
  Object.create(error, { message: { value: error.getResponse().message } }) as HttpMappedError;
