"""The official Python SDK, releases 2.x: one client for all eras."""

from __future__ import annotations

import checks
import mcp_types as types
from mcp import Client, StdioServerParameters


class Peer:
    def __init__(self, client: Client):
        self.client, self.revision = client, client.protocol_version

    async def tools(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def call(self, name, arguments, progress=None):
        result = await self.client.call_tool(name, arguments, progress_callback=progress)
        return result.content[0].text, bool(result.is_error)

    async def resources(self):
        return [str(resource.uri) for resource in (await self.client.list_resources()).resources]

    async def read(self, uri):
        return (await self.client.read_resource(uri)).contents[0].text

    async def prompts(self):
        return [prompt.name for prompt in (await self.client.list_prompts()).prompts]

    async def prompt(self, name, arguments):
        return (await self.client.get_prompt(name, arguments)).messages[0].content.text


async def elicit(_context, params) -> types.ElicitResult:
    field = next(iter(params.requested_schema["properties"]))
    return types.ElicitResult(action="accept", content={field: checks.ANSWER})


async def sample(_context, _params) -> types.CreateMessageResult:
    content = types.TextContent(type="text", text=checks.ANSWER)
    return types.CreateMessageResult(role="assistant", content=content, model="none")


async def run(options, body):
    server = options.url or StdioServerParameters(command=options.command[0], args=options.command[1:])
    # `auto` is what users get: it must find the new revision by itself.
    mode = "auto" if options.revision >= "2026-07-28" else "legacy"
    async with Client(server, mode=mode, elicitation_callback=elicit, sampling_callback=sample) as client:
        await body(Peer(client))


checks.main(run)
