// The official TypeScript SDK, releases 1.x. SDK_MODULES is the folder whose node_modules holds the release to test.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ANSWER, command, options, run } from './checks.mjs';

const require = createRequire(`${process.env.SDK_MODULES}/package.json`);
const sdk = (part) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${part}`)));

const { Client } = await sdk('client/index.js');
const types = await sdk('types.js');

// Early releases expect a browser's EventSource to be there.
if (options.revision < '2025-03-26') {
  globalThis.EventSource = require('eventsource');
}

async function transport() {
  if (!options.url) {
    const { StdioClientTransport } = await sdk('client/stdio.js');
    return new StdioClientTransport({ command: command[0], args: command.slice(1) });
  }
  if (options.url.endsWith('/sse')) {
    const { SSEClientTransport } = await sdk('client/sse.js');
    return new SSEClientTransport(new URL(options.url));
  }
  const { StreamableHTTPClientTransport } = await sdk('client/streamableHttp.js');
  return new StreamableHTTPClientTransport(new URL(options.url));
}

const capabilities = { sampling: {} };
if (options.revision >= '2025-06-18') {
  capabilities.elicitation = {};
}
const client = new Client({ name: 'interop', version: '1' }, { capabilities });
client.setRequestHandler(types.CreateMessageRequestSchema, () => ({
  model: 'none',
  role: 'assistant',
  content: { type: 'text', text: ANSWER },
}));
if (types.ElicitRequestSchema) {
  client.setRequestHandler(types.ElicitRequestSchema, () => ({ action: 'accept', content: { response: ANSWER } }));
}

// The releases tell nobody what was negotiated, so read it off the answer to `initialize`.
let revision;
const channel = await transport();
const start = channel.start.bind(channel);
channel.start = async () => {
  const deliver = channel.onmessage;
  channel.onmessage = (message, extra) => {
    revision ??= message.result?.protocolVersion;
    deliver(message, extra);
  };
  await start();
};
await client.connect(channel);
await run(
  client,
  () => revision,
  (params, onprogress) => client.callTool(params, undefined, onprogress ? { onprogress } : {}),
);
