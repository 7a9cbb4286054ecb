// An authorization server (oidc-provider) and, behind it, a guard that lets only its tokens pass to an MCP server.
// usage: node oidc.mjs GUARD_PORT ISSUER_PORT UPSTREAM_URL [OTHER_RESOURCE]
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: Provider } = await load('oidc-provider');
const { createRemoteJWKSet, jwtVerify } = await load('jose');

const [guardPort, issuerPort, upstream, other] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${issuerPort}`;
const resource = `http://127.0.0.1:${guardPort}/mcp`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'robot', client_secret: 'robot-secret-0123456789', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_basic',
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: (_context, indicator) => {
        if (![resource, other].includes(indicator)) throw new Error(`unknown resource ${indicator}`);
        return { scope: 'mcp', audience: indicator, accessTokenFormat: 'jwt', accessTokenTTL: 600 };
      },
      useGrantedResource: () => true,
    },
  },
  scopes: ['openid', 'offline_access', 'mcp'],
  issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true },
});
// Which grants were used, for the judge.
const grants = [];
provider.on('grant.success', (context) => grants.push(context.oidc.params.grant_type));
provider.on('grant.error', (context, error) => console.error('grant refused', context.oidc?.params?.grant_type, error.message, error.error_description ?? ''));
provider.on('server_error', (_context, error) => console.error(error));
provider.listen(Number(issuerPort), '127.0.0.1');

// Tokens that came by, and those that are good no longer: `POST /revoke` makes the former the latter.
const seen = new Set();
const revoked = new Set();

const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));

http.createServer(async (request, response) => {
  const url = new URL(request.url, resource);
  const json = (status, body, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (url.pathname === '/health') return json(200, { ok: true });
  if (url.pathname === '/grants') return json(200, grants);
  if (url.pathname === '/revoke') {
    seen.forEach((token) => revoked.add(token));
    return json(200, { revoked: revoked.size });
  }
  if (url.pathname === '/.well-known/oauth-protected-resource/mcp') {
    return json(200, { resource, authorization_servers: [issuer], scopes_supported: ['mcp'] });
  }
  const refuse = () => json(401, { error: 'invalid_token' }, {
    'www-authenticate': `Bearer resource_metadata="http://127.0.0.1:${guardPort}/.well-known/oauth-protected-resource/mcp", scope="mcp"`,
  });
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!token || revoked.has(token)) return refuse();
  seen.add(token);
  try {
    await jwtVerify(token, keys, { issuer, audience: resource });
  } catch {
    return refuse();
  }
  const { authorization, host, ...headers } = request.headers;
  const target = new URL(upstream);
  const onward = http.request(target, { method: request.method, headers: { ...headers, host: target.host } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => json(502, { error: 'the upstream is gone' }));
  request.pipe(onward);
}).listen(Number(guardPort), '127.0.0.1');
