// What the JavaScript servers have in common: their command line, their tools, and pages of lists.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

// SDK_MODULES is the folder whose node_modules holds the release to test.
const require = createRequire(`${process.env.SDK_MODULES}/package.json`);
export const load = (name) => import(pathToFileURL(require.resolve(name)));
export const [transport, port] = process.argv.slice(2);

const object = (properties = {}, required = Object.keys(properties)) => ({ type: 'object', properties, required });
const number = { type: 'number' };
const string = { type: 'string' };

export const FORM = object({ name: string });
export const QUESTION = { messages: [{ role: 'user', content: { type: 'text', text: 'Who?' } }], maxTokens: 10 };
export const TOOLS = [
  { name: 'echo', description: 'Says back what it is told.', inputSchema: object({ message: string }) },
  {
    name: 'add',
    description: 'Adds.',
    inputSchema: object({ a: number, b: number }),
    outputSchema: object({ sum: number }),
  },
  ...['fail', 'steps', 'slow', 'cancelled', 'say', 'think', 'where', 'ask', 'grow'].map((name) => ({
    name,
    description: `Does ${name}.`,
    inputSchema: object(),
  })),
];
export const RESOURCES = ['greeting', 'one', 'two', 'three', 'four'].map((name) => ({ name, uri: `test://${name}` }));
export const TEMPLATES = [{ name: 'item', uriTemplate: 'test://items/{id}' }];
export const PROMPTS = [{ name: 'greet', description: 'Greets.', arguments: [{ name: 'name', required: true }] }];

export const text = (text) => ({ content: [{ type: 'text', text }] });
export const read = (uri) => ({ contents: [{ uri, mimeType: 'text/plain', text: contents(uri) }] });
export const greet = (name) => ({
  messages: [{ role: 'user', content: { type: 'text', text: `Please greet ${name}.` } }],
});
export const complete = (value) => ({
  completion: { values: ['Ada', 'Alan', 'Grace'].filter((name) => name.startsWith(value)) },
});

// Two items on each page; the cursor is where the next begins.
export function page(member, items, cursor) {
  const start = Number(cursor ?? 0);
  const end = start + 2;
  return { [member]: items.slice(start, end), ...(end < items.length ? { nextCursor: String(end) } : {}) };
}

function contents(uri) {
  const item = /^test:\/\/items\/(.*)$/.exec(uri);
  if (item) return `item ${item[1]}`;
  if (uri === 'test://greeting') return 'hello from a resource';
  throw Object.assign(new Error(`no resource ${uri}`), { code: -32002 });
}

let givenUp = 0;
// The tools that are alike on every release. `context` can report progress and log, and knows the signal.
export async function call(name, args, context) {
  switch (name) {
    case 'echo':
      return text(args.message);
    case 'add':
      return { ...text(JSON.stringify({ sum: args.a + args.b })), structuredContent: { sum: args.a + args.b } };
    case 'fail':
      return { ...text('this tool always fails'), isError: true };
    case 'steps':
      for (const progress of [1, 2, 3]) await context.progress({ progress, total: 3 });
      return text('done');
    case 'slow':
      await context.progress({ progress: 1, total: 2 });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 30_000);
        context.signal.addEventListener('abort', () => {
          givenUp += 1;
          clearTimeout(timer);
          resolve();
        });
      });
      return text('awake');
    case 'cancelled':
      return text(String(givenUp));
    case 'say':
      await context.log('said aloud');
      return text('said');
    case 'grow':
      await context.grow();
      return text('grown');
    default:
      throw Object.assign(new Error(`no tool ${name}`), { code: -32602 });
  }
}

export function listen(handler) {
  createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  }).listen(Number(port), '127.0.0.1');
}
