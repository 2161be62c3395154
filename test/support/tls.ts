import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A throw-away certificate for localhost and 127.0.0.1, signed by itself, so that it is its own authority. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate as PEM, for a client's `ca`. */
  readonly ca: string;
  /** The settings of a redis-server that speaks TLS on `port`, and on no other. */
  redisConfig(port: number): Readonly<Record<string, string>>;
  remove(): void;
}

/** Makes one with openssl, which must be on the PATH. */
export const makeCertificate = (): TestCertificate => {
  const folder = mkdtempSync(join(tmpdir(), 'codex-redis-tls-'));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-keyout', keyFile, '-out', certFile, '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  return {
    certFile,
    keyFile,
    ca: readFileSync(certFile, 'utf8'),
    redisConfig: (port) => ({
      port: '0',
      'tls-port': String(port),
      'tls-cert-file': certFile,
      'tls-key-file': keyFile,
      'tls-ca-cert-file': certFile,
      'tls-auth-clients': 'no',
    }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
