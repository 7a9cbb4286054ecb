// What every JavaScript client must get from our servers: the scripts only say how to connect and how to call.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';

export const ANSWER = 'Ada';
// Looks like a token of GitHub and is none.
const KEY = 'ghp_' + '9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R';

const CHECKS = {
  async echo({ client, call }) {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.ok(names.includes('echo') && names.includes('add'), `tools are ${names}`);
    for (const message of ['hello', '', 'Grüße, 世界 \u{1f980} "quoted"\n\u2028']) {
      assert.deepEqual(await call('echo', { message }), { text: message, failed: false });
    }
    const sum = await call('add', { a: 40, b: 2 });
    assert.equal(sum.failed, false);
    assert.match(sum.text, /42/);
  },

  async tools({ client, call }) {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.ok(names.includes('test_simple_text'), `tools are ${names}`);
    const text = 'This is a simple text response for testing.';
    assert.deepEqual(await call('test_simple_text', {}), { text, failed: false });
    const error = await call('test_error_handling', {});
    assert.equal(error.failed, true);
    assert.match(error.text, /intentionally returns an error/);
  },

  async resources({ client }) {
    const uri = 'test://static-text';
    const uris = (await client.listResources()).resources.map((resource) => resource.uri);
    assert.ok(uris.includes(uri), `resources are ${uris}`);
    const [content] = (await client.readResource({ uri })).contents;
    assert.equal(content.text, 'This is the content of the static text resource.');
  },

  async prompts({ client }) {
    const names = (await client.listPrompts()).prompts.map((prompt) => prompt.name);
    assert.ok(names.includes('test_simple_prompt'), `prompts are ${names}`);
    const get = async (params) => (await client.getPrompt(params)).messages[0].content.text;
    assert.equal(await get({ name: 'test_simple_prompt' }), 'This is a simple prompt for testing.');
    const filled = await get({ name: 'test_prompt_with_arguments', arguments: { arg1: 'one', arg2: 'two' } });
    assert.equal(filled, "Prompt with arguments: arg1='one', arg2='two'");
  },

  async progress({ call }) {
    const seen = [];
    const result = await call('test_tool_with_progress', {}, (note) => seen.push([note.progress, note.total]));
    assert.equal(result.failed, false);
    assert.deepEqual(seen, [[0, 100], [50, 100], [100, 100]]);
  },

  async elicitation({ call, revision }) {
    if (revision >= '2026-07-28') {
      const hello = await call('test_input_required_result_elicitation', {});
      assert.deepEqual(hello, { text: `Hello, ${ANSWER}!`, failed: false });
      return;
    }
    const result = await call('test_elicitation', { message: 'Who is there?' });
    assert.equal(result.failed, false);
    assert.match(result.text, /action=accept/);
    assert.match(result.text, new RegExp(ANSWER));
  },

  async sampling({ call }) {
    const result = await call('test_sampling', { prompt: 'Who?' });
    assert.deepEqual(result, { text: `LLM response: ${ANSWER}`, failed: false });
  },

  async stack({ client, call }) {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    for (const name of ['memory_store', 'memory_search', 'patterns_recommend', 'guardrails_evaluate']) {
      assert.ok(names.includes(name), `tools are ${names}`);
    }
    const memory = { content: `The archive of the bakery moves to Porto on ${KEY}` };
    const stored = await call('memory_store', { memories: [memory] });
    assert.equal(stored.failed, false, stored.text);
    const found = await call('memory_search', { query: 'where does the archive of the bakery move' });
    assert.match(found.text, /Porto/);
    assert.ok(!found.text.includes(KEY), found.text);
    const task = 'find the root cause of the incident from logs and deploys';
    assert.match((await call('patterns_recommend', { task })).text, /root-cause-analysis/);
    const event = { phase: 'call', tool: 'memory_store', arguments: { memories: [memory] } };
    assert.match((await call('guardrails_evaluate', { event })).text, /stored-secret/);
  },
};

export const { values: options, positionals: command } = parseArgs({
  allowPositionals: true,
  options: { url: { type: 'string' }, revision: { type: 'string' }, checks: { type: 'string' } },
});

const within = (seconds, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// `negotiated()` tells the revision; `callTool(params, onprogress)` calls. Ends the process: exit code 1 on a failure.
export async function run(client, negotiated, callTool) {
  const revision = negotiated();
  assert.equal(revision, options.revision);
  const call = async (name, args, onprogress) => {
    const result = await callTool({ name, arguments: args }, onprogress);
    return { text: result.content[0].text, failed: result.isError ?? false };
  };
  let failed = false;
  for (const name of options.checks.split(',')) {
    try {
      await within(20, CHECKS[name]({ client, call, revision }));
      console.log(`ok ${name}`);
    } catch (error) {
      failed = true;
      console.log(`FAIL ${name}: ${error.message.replaceAll('\n', ' ')}`);
    }
  }
  await within(10, client.close());
  process.exit(failed ? 1 : 0);
}
