// A server on the official TypeScript SDK, releases 1.x: `typescript_v1.mjs stdio | sse PORT | streamable-http PORT`.
import { randomUUID } from 'node:crypto';
import * as probe from './probe.mjs';

const sdk = (part) => probe.load(`@modelcontextprotocol/sdk/${part}.js`);
const { Server } = await sdk('server/index');
const types = await sdk('types');

function server() {
  const capabilities = { tools: { listChanged: true }, resources: { subscribe: true }, prompts: {}, logging: {} };
  // Releases before 1.10 do not know the capability.
  if (types.CompleteRequestSchema) capabilities.completions = {};
  const made = new Server({ name: 'typescript-v1', version: '1' }, { capabilities, instructions: 'Be gentle.' });
  const on = (schema, handler) => made.setRequestHandler(schema, handler);
  on(types.ListToolsRequestSchema, ({ params }) => probe.page('tools', probe.TOOLS, params?.cursor));
  on(types.ListResourcesRequestSchema, ({ params }) => probe.page('resources', probe.RESOURCES, params?.cursor));
  on(types.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: probe.TEMPLATES }));
  on(types.ListPromptsRequestSchema, () => ({ prompts: probe.PROMPTS }));
  on(types.ReadResourceRequestSchema, ({ params }) => probe.read(params.uri));
  on(types.GetPromptRequestSchema, ({ params }) => probe.greet(params.arguments.name));
  on(types.CompleteRequestSchema, ({ params }) => probe.complete(params.argument.value));
  on(types.SetLevelRequestSchema, () => ({}));
  on(types.SubscribeRequestSchema, () => ({}));
  on(types.CallToolRequestSchema, ({ params }, extra) => call(made, params, extra));
  return made;
}

async function call(made, { name, arguments: args, _meta }, extra) {
  // A message that belongs to a request has to say so, or it goes to the stream of the session.
  const notify = extra.sendNotification ?? ((notification) => made.notification(notification));
  const ask = extra.sendRequest ?? ((request, schema) => made.request(request, schema));
  switch (name) {
    case 'think': {
      const answer = await ask({ method: 'sampling/createMessage', params: probe.QUESTION }, types.CreateMessageResultSchema);
      return probe.text(answer.content.text);
    }
    case 'where': {
      const answer = await ask({ method: 'roots/list' }, types.ListRootsResultSchema);
      return probe.text(answer.roots.map((root) => root.uri).join(' '));
    }
    case 'ask': {
      const params = { message: 'Who are you?', requestedSchema: probe.FORM };
      const answer = await ask({ method: 'elicitation/create', params }, types.ElicitResultSchema);
      return probe.text(`${answer.action}: ${answer.content.name}`);
    }
  }
  return probe.call(name, args, {
    signal: extra.signal,
    progress: (progress) => {
      if (_meta?.progressToken === undefined) return;
      return notify({ method: 'notifications/progress', params: { ...progress, progressToken: _meta.progressToken } });
    },
    log: (data) => notify({ method: 'notifications/message', params: { level: 'info', data } }),
    grow: () => made.sendToolListChanged(),
  });
}

if (probe.transport === 'stdio') {
  const { StdioServerTransport } = await sdk('server/stdio');
  await server().connect(new StdioServerTransport());
} else if (probe.transport === 'sse') {
  const { SSEServerTransport } = await sdk('server/sse');
  const sessions = new Map();
  probe.listen(async (request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (request.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response);
      sessions.set(transport.sessionId, transport);
      await server().connect(transport);
    } else if (request.method === 'POST' && url.pathname === '/messages') {
      await sessions.get(url.searchParams.get('sessionId')).handlePostMessage(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
} else {
  const { StreamableHTTPServerTransport } = await sdk('server/streamableHttp');
  const sessions = new Map();
  probe.listen(async (request, response) => {
    let transport = sessions.get(request.headers['mcp-session-id']);
    if (!transport) {
      const keep = (id) => sessions.set(id, transport);
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: keep });
      await server().connect(transport);
    }
    await transport.handleRequest(request, response);
  });
}
