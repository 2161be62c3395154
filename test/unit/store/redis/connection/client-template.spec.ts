import { addressOf, clientTemplate } from '../../../../../lib/store/redis/connection/client-template.js';

describe('clientTemplate', () => {
  it('hands nothing of one template on to another', () => {
    const first = clientTemplate(
      { url: 'rediss://ada:secret@one:7000/3', name: 'shop', socket: { keepAlive: false } },
      'url',
    );
    const second = clientTemplate({ url: 'redis://two:7001' }, 'url');
    expect(addressOf(first)).toBe('one:7000');
    expect(first.options).toMatchObject({ username: 'ada', password: 'secret', database: 3, name: 'shop' });
    expect(addressOf(second)).toBe('two:7001');
    for (const option of ['username', 'password', 'database', 'name', 'credentialsProvider'])
      expect(second.options).not.toHaveProperty(option);
    expect(second.options.socket).not.toHaveProperty('tls', true);
    expect(second.options.socket).not.toHaveProperty('keepAlive');
  });

  it('gives duplicates the options of their template', () => {
    const template = clientTemplate({ url: 'redis://ada:secret@one:7000/3' }, 'url');
    expect(template.duplicate().options).toMatchObject({ username: 'ada', password: 'secret', database: 3 });
  });
});
