// npm oidc-provider with dynamic client registration (RFC 7591) and its management (RFC 7592), for the conformance
// suite. What it stores survives a restart. A second port is for the tests alone: what somebody does to a client past
// the operator.
//
//     node server.mjs ISSUER PORT CONTROL_PORT DATA_FILE INITIAL_ACCESS_TOKEN_FILE

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [issuer, port, controlPort, dataFile, tokenFile] = process.argv.slice(2);
// Of the rest nothing is asked for again.
const kept = ['Client', 'InitialAccessToken', 'RegistrationAccessToken'];
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
    if (!kept.includes(this.model)) return;
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

const provider = new Provider(issuer, {
  adapter: Adapter,
  scopes: ['openid', 'offline_access', 'read', 'write'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true, initialAccessToken: readFileSync(tokenFile, 'utf8').trim() },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
  },
});

function shown({ client_secret: _, ...client }) {
  return client;
}

function control(method, id, changes) {
  if (!id) return [...stored].filter(([key]) => key.startsWith('Client:')).map(([, client]) => shown(client));
  const key = `Client:${id}`;
  const client = stored.get(key);
  if (!client) return undefined;
  if (method === 'PATCH') stored.set(key, { ...client, ...changes });
  if (method === 'DELETE') stored.delete(key);
  if (method !== 'GET') save();
  return shown(stored.get(key) ?? client);
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
