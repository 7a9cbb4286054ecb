// A server on the official TypeScript SDK, releases 2.x: `typescript_v2.mjs stdio | streamable-http PORT`. The same
// tools serve both eras; over HTTP sessions of the older one are stateless, as the SDK does it by itself.
import * as probe from './probe.mjs';

const { Server, createMcpHandler, inputRequired } = await probe.load('@modelcontextprotocol/server');

let notifier;

function server() {
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true },
    prompts: {},
    logging: {},
    completions: {},
  };
  const made = new Server({ name: 'typescript-v2', version: '2' }, { capabilities, instructions: 'Be gentle.' });
  const on = (method, handler) => made.setRequestHandler(method, handler);
  on('tools/list', ({ params }) => probe.page('tools', probe.TOOLS, params?.cursor));
  on('resources/list', ({ params }) => probe.page('resources', probe.RESOURCES, params?.cursor));
  on('resources/templates/list', () => ({ resourceTemplates: probe.TEMPLATES }));
  on('prompts/list', () => ({ prompts: probe.PROMPTS }));
  on('resources/read', ({ params }) => probe.read(params.uri));
  on('prompts/get', ({ params }) => probe.greet(params.arguments.name));
  on('completion/complete', ({ params }) => probe.complete(params.argument.value));
  on('tools/call', ({ params }, context) => call(made, params, context));
  return made;
}

function call(made, { name, arguments: args }, { mcpReq }) {
  // The SDK asks an older client by itself what it hands to a newer one as a question.
  const answers = mcpReq.inputResponses;
  switch (name) {
    case 'think':
      if (!answers?.model) return inputRequired({ inputRequests: { model: inputRequired.createMessage(probe.QUESTION) } });
      return probe.text([answers.model.content].flat()[0].text);
    case 'where':
      if (!answers?.roots) return inputRequired({ inputRequests: { roots: inputRequired.listRoots() } });
      return probe.text(answers.roots.roots.map((root) => root.uri).join(' '));
    case 'ask': {
      const form = { message: 'Who are you?', requestedSchema: probe.FORM };
      if (!answers?.who) return inputRequired({ inputRequests: { who: inputRequired.elicit(form) } });
      return probe.text(`${answers.who.action}: ${answers.who.content.name}`);
    }
  }
  const progressToken = mcpReq._meta?.progressToken;
  return probe.call(name, args, {
    signal: mcpReq.signal,
    progress: (progress) => {
      if (progressToken === undefined) return;
      return mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
    },
    log: (data) => mcpReq.log('info', data),
    grow: () => (notifier ? notifier.toolsChanged() : made.sendToolListChanged()),
  });
}

if (probe.transport === 'stdio') {
  const { serveStdio } = await probe.load('@modelcontextprotocol/server/stdio');
  serveStdio(server);
} else {
  const { toNodeHandler } = await probe.load('@modelcontextprotocol/node');
  const handler = createMcpHandler(server);
  notifier = handler.notify;
  probe.listen(toNodeHandler(handler));
}
