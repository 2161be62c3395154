import { WebSocketGateway } from '@nestjs/websockets';
import { UseSession } from 'nestjs-codex-redis';

/** Tells a page at once that its session has ended or got a new key: the module closes the socket then. */
@UseSession()
@WebSocketGateway({ path: '/api/session' })
export class SessionGateway {}
