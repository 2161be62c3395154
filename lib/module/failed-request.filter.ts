import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { type AbstractHttpAdapter, type ApplicationConfig, BaseExceptionFilter } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { HttpMappedError } from '../errors/http-mapped.error.js';
import { SERVICE_UNAVAILABLE, suggestRetry, withPublicMessage } from '../session-http/failed-requests.js';
import { requestOf } from '../session-http/nest/request-session.js';
import { logFailureOnce } from '../session-http/platform/platforms.js';

const SERVER_ERROR = 500;

/**
 * Answers what no filter of the application has caught, as Nest does, with `Retry-After` for a 503; and logs in one line
 * why the request failed, which Nest does not for any HttpException.
 */
@Catch(HttpMappedError)
class FailedRequestFilter extends BaseExceptionFilter implements ExceptionFilter<HttpMappedError> {
  override catch(error: HttpMappedError, host: ArgumentsHost): void {
    const type = host.getType<string>();
    // Nest's own handling for its kind of context goes on
    if (type !== 'http' && type !== 'graphql') return;
    if (error.getStatus() >= SERVER_ERROR) logFailureOnce(requestOf(host) ?? {}, error);
    if (type === 'graphql') throw withPublicMessage(error);
    const response = rawOf(host.switchToHttp().getResponse<PlatformResponse>());
    if (error.getStatus() === SERVICE_UNAVAILABLE && !response.headersSent) suggestRetry(response);
    super.catch(error, host);
  }
}

type PlatformResponse = ServerResponse | { readonly raw: ServerResponse };

const rawOf = (response: PlatformResponse): ServerResponse => ('raw' in response ? response.raw : response);

/** Puts the filter before every one of the application: Nest asks the last one first. */
export const answerFailedRequests = (config: ApplicationConfig, adapter: AbstractHttpAdapter): void => {
  // in place, since the routes are made of this very array
  config.getGlobalFilters().unshift(new FailedRequestFilter(adapter));
};
