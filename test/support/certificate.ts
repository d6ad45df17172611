import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, chownSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0;
/** As whom servers run that refuse to be root. */
const NOBODY = 65_534;

/** A certificate that somebody has made for themselves, and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

/** Makes one for a host name. A server that does not run as root can read its key. */
export function makeCertificate(host = 'localhost'): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-tls-'));
  chmodSync(folder, 0o711);
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const named = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  execFileSync('openssl', ['req', '-x509', ...made, ...named, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  chmodSync(key, 0o600);
  if (process.getuid?.() === 0) chownSync(key, NOBODY, NOBODY);
  return {cert, key, remove: () => rmSync(folder, {recursive: true, force: true})};
}
