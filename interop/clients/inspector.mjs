// The MCP Inspector's command line: one process per request. SDK_MODULES is the folder that holds it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { command, options, run } from './checks.mjs';

const inspector = `${process.env.SDK_MODULES}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
// With `modern` the Inspector refuses to fall back, so an answer proves the revision.
const era = options.revision >= '2026-07-28' ? 'modern' : 'legacy';
const server = options.url
  ? ['--server-url', options.url, '--transport', 'http']
  : ['--transport', 'stdio', ...command];
// It keeps settings in the home folder; give it one of its own.
const env = { ...process.env, HOME: process.env.SDK_MODULES, USERPROFILE: process.env.SDK_MODULES };

async function request(method, ...args) {
  const flags = ['--cli', ...server, '--protocol-era', era, '--quiet', '--format', 'json', '--method', method];
  const { stdout } = await promisify(execFile)(process.execPath, [inspector, ...flags, ...args], { env })
    // A tool that reports an error has its own exit code; the result is still on stdout.
    .catch((error) => (error.stdout ? error : Promise.reject(error)));
  return JSON.parse(stdout).result;
}

const client = {
  listTools: () => request('tools/list'),
  listResources: () => request('resources/list'),
  listPrompts: () => request('prompts/list'),
  readResource: ({ uri }) => request('resources/read', '--uri', uri),
  getPrompt({ name, arguments: args }) {
    const pairs = Object.entries(args ?? {}).map(([key, value]) => `${key}=${value}`);
    return request('prompts/get', '--prompt-name', name, ...(pairs.length ? ['--prompt-args', ...pairs] : []));
  },
  close: async () => {},
};

await run(
  client,
  () => options.revision,
  (params) =>
    request('tools/call', '--tool-name', params.name, '--tool-args-json', JSON.stringify(params.arguments)),
);
