// The official TypeScript SDK, releases 2.x. SDK_MODULES is the folder whose node_modules holds the release to test.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ANSWER, command, options, run } from './checks.mjs';

const require = createRequire(`${process.env.SDK_MODULES}/package.json`);
const sdk = (part) => import(pathToFileURL(require.resolve(`@modelcontextprotocol/client${part}`)));

const { Client, StreamableHTTPClientTransport } = await sdk('');
const { StdioClientTransport } = await sdk('/stdio');

// `auto` must find the new revision by itself.
const mode = options.revision >= '2026-07-28' ? 'auto' : 'legacy';
const client = new Client(
  { name: 'interop', version: '1' },
  { capabilities: { sampling: {}, elicitation: { form: {} } }, versionNegotiation: { mode } },
);
client.setRequestHandler('sampling/createMessage', () => ({
  model: 'none',
  role: 'assistant',
  content: { type: 'text', text: ANSWER },
}));
client.setRequestHandler('elicitation/create', ({ params }) => {
  const [field] = Object.keys(params.requestedSchema.properties);
  return { action: 'accept', content: { [field]: ANSWER } };
});

const transport = options.url
  ? new StreamableHTTPClientTransport(new URL(options.url))
  : new StdioClientTransport({ command: command[0], args: command.slice(1) });
await client.connect(transport);
await run(
  client,
  () => client.getNegotiatedProtocolVersion(),
  (params, onprogress) => client.callTool(params, onprogress ? { onprogress } : {}),
);
