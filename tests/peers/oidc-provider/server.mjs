// npm oidc-provider with dynamic client registration (RFC 7591) and its management (RFC 7592), for the conformance
// suite. What it stores survives a restart. A second port is for the tests alone: what somebody does to a client past
// the operator.
//
//     node server.mjs PORT CONTROL_PORT DATA_FILE INITIAL_ACCESS_TOKEN_FILE

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, controlPort, dataFile, tokenFile] = process.argv.slice(2);
const stored = new Map(existsSync(dataFile) ? JSON.parse(readFileSync(dataFile, 'utf8')) : []);

function save() {
  writeFileSync(`${dataFile}.new`, JSON.stringify([...stored]), { mode: 0o600 });
  renameSync(`${dataFile}.new`, dataFile);
}

class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    stored.set(this.key(id), payload);
    save();
  }

  async find(id) {
    return stored.get(this.key(id));
  }

  async findByUid() {}

  async findByUserCode() {}

  async consume() {}

  async revokeByGrantId() {}

  async destroy(id) {
    stored.delete(this.key(id));
    save();
  }
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Adapter,
  scopes: ['openid', 'offline_access', 'read', 'write'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true, initialAccessToken: readFileSync(tokenFile, 'utf8').trim() },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
  },
});

function control(method, id, changes) {
  if (!id) return [...stored.keys()].filter((key) => key.startsWith('Client:')).map((key) => key.slice(7));
  const key = `Client:${id}`;
  const client = stored.get(key);
  if (!client) return undefined;
  if (method === 'PATCH') stored.set(key, { ...client, ...changes });
  if (method === 'DELETE') stored.delete(key);
  if (method !== 'GET') save();
  const { client_secret: _, ...shown } = stored.get(key) ?? client;
  return shown;
}

const controlServer = createServer(async (request, response) => {
  const chunks = await Array.fromAsync(request);
  const changes = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
  const id = decodeURIComponent(request.url.replace(/^\/clients\/?/, ''));
  const answer = control(request.method, id, changes);
  response.writeHead(answer ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(answer ?? {}));
});

provider.listen(Number(port), '127.0.0.1', () => controlServer.listen(Number(controlPort), '127.0.0.1'));
