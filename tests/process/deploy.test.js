// The files that only a Docker host runs are at least read here.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
// The packages of all our Node tests live beside the browser tests.
const { parse } = createRequire(join(root, 'tests/browser/package.json'))('yaml');

test('the compose file is YAML, and every name in it is declared', () => {
  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'));
  const services = Object.entries(compose.services);
  assert.deepEqual(services.filter(([, it]) => !it.profiles).map(([name]) => name), ['app']);

  for (const [name, service] of services) {
    for (const needed of Object.keys(service.depends_on ?? {})) {
      assert.ok(compose.services[needed], `${name} depends on ${needed}`);
      assert.ok(compose.services[needed].healthcheck ?? needed === 'app', `${needed} has a health check`);
    }
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':');
      const known = source.startsWith('./') || source in compose.volumes;
      assert.ok(known, `${name} mounts ${source}`);
    }
    for (const secret of service.secrets ?? []) assert.ok(secret in compose.secrets, secret);
  }
});

test('the image runs as nobody in particular, with a health check', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  assert.match(dockerfile, /^USER medianest$/m);
  assert.match(dockerfile, /^HEALTHCHECK .*"healthcheck"\]$/m);
  assert.match(dockerfile, /^ENTRYPOINT \["tini"/m);
});

test('the example settings are settings that exist', () => {
  const documented = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  const example = readFileSync(join(root, 'deploy/example.env'), 'utf8');
  for (const [, name] of example.matchAll(/^#([A-Z_]+)=/gm)) {
    assert.ok(documented.includes(`\`${name}\``), `${name} is in docs/settings.md`);
  }
});

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
test('nginx accepts its configuration', { skip: nginx ? false : 'there is no nginx' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'medianest-nginx-'));
  try {
    const key = join(folder, 'key.pem');
    const certificate = join(folder, 'certificate.pem');
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
    execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    const configuration = readFileSync(join(root, 'deploy/nginx.conf'), 'utf8')
      .replace('server app:8484', 'server 127.0.0.1:8484')
      .replace('include mime.types', 'include /etc/nginx/mime.types')
      .replace('tls/fullchain.pem', certificate)
      .replace('tls/privkey.pem', key)
      .replace('/tmp/nginx.pid', join(folder, 'nginx.pid'));
    writeFileSync(join(folder, 'nginx.conf'), configuration);
    execFileSync(nginx, ['-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' });
  } catch (error) {
    assert.fail(String(error.stderr ?? error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
