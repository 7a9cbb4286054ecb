"""The FastMCP client."""

from __future__ import annotations

import checks
from fastmcp import Client
from fastmcp.client.transports import StdioTransport


class Peer:
    def __init__(self, client: Client):
        self.client, self.revision = client, client.protocol_version

    async def tools(self):
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, name, arguments, progress=None):
        result = await self.client.call_tool(name, arguments, progress_handler=progress, raise_on_error=False)
        return result.content[0].text, result.is_error

    async def resources(self):
        return [str(resource.uri) for resource in await self.client.list_resources()]

    async def read(self, uri):
        return (await self.client.read_resource(uri))[0].text

    async def prompts(self):
        return [prompt.name for prompt in await self.client.list_prompts()]

    async def prompt(self, name, arguments):
        return (await self.client.get_prompt(name, arguments)).messages[0].content.text


async def elicit(_message, _kind, params, _context):
    return {next(iter(params.requested_schema["properties"])): checks.ANSWER}


async def sample(_messages, _params, _context):
    return checks.ANSWER


async def run(options, body):
    server = options.url or StdioTransport(options.command[0], options.command[1:])
    mode = "auto" if options.revision >= "2026-07-28" else "legacy"
    async with Client(server, mode=mode, elicitation_handler=elicit, sampling_handler=sample) as client:
        await body(Peer(client))


checks.main(run)
