import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startExpress } from './support/application.js';
import { goToProvider, OAuth2Controller, OpenIdController, withProvider } from './support/oauth.js';

describe('@nestjs/passport with a provider elsewhere, on Express', () => {
  for (const strategy of ['oauth2', 'openidconnect'] as const)
    it(`SE25 ${strategy} refuses a state of somebody else, and a forged one`, async () => {
      const running = await startExpress(withProvider([OAuth2Controller, OpenIdController]));
      const visitor = running.visitor();
      const back = await goToProvider(strategy, visitor, running);
      const stranger = await running.visitor().get(back);
      assert.ok([401, 403].includes(stranger.status));
      assert.deepEqual(stranger.cookies, []);
      assert.equal((await visitor.get(back)).text, 'ada');
      const forged = await visitor.get(`/${strategy}/back?code=x&state=forged`);
      assert.notEqual(forged.status, 200);
    });
});
