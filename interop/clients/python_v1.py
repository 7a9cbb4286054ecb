"""The official Python SDK, releases 1.x: a session over streams."""

from __future__ import annotations

import contextlib
import inspect

import checks
import mcp.types as types
from mcp import ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client


class Peer:
    def __init__(self, session: ClientSession, notes: Notes, revision: str):
        self.session, self.notes, self.revision = session, notes, revision

    async def tools(self):
        return [tool.name for tool in (await self.session.list_tools()).tools]

    async def call(self, name, arguments, progress=None):
        if progress is None:
            result = await self.session.call_tool(name, arguments)
        elif "progress_callback" in inspect.signature(self.session.call_tool).parameters:
            result = await self.session.call_tool(name, arguments, progress_callback=progress)
        else:
            result = await self.notes.call(self.session, name, arguments, progress)
        return result.content[0].text, result.isError

    async def resources(self):
        return [str(resource.uri) for resource in (await self.session.list_resources()).resources]

    async def read(self, uri):
        return (await self.session.read_resource(uri)).contents[0].text

    async def prompts(self):
        return [prompt.name for prompt in (await self.session.list_prompts()).prompts]

    async def prompt(self, name, arguments):
        return (await self.session.get_prompt(name, arguments)).messages[0].content.text


class Notes:
    """Progress notifications for the releases that only hand them to the message handler."""

    def __init__(self):
        self.progress = None

    async def __call__(self, message) -> None:
        inner = getattr(message, "root", None)
        if isinstance(inner, types.ProgressNotification) and self.progress:
            checks.expect(inner.params.progressToken, "our-token")
            await self.progress(inner.params.progress, inner.params.total)

    async def call(self, session, name, arguments, progress):
        self.progress = progress
        meta = types.RequestParams.Meta(progressToken="our-token")
        params = types.CallToolRequestParams(name=name, arguments=arguments, _meta=meta)
        request = types.CallToolRequest(method="tools/call", params=params)
        return await session.send_request(types.ClientRequest(request), types.CallToolResult)


async def sample(_context, _params) -> types.CreateMessageResult:
    content = types.TextContent(type="text", text=checks.ANSWER)
    return types.CreateMessageResult(role="assistant", content=content, model="none")


async def elicit(_context, _params) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"response": checks.ANSWER})


def transport(options):
    if not options.url:
        return stdio_client(StdioServerParameters(command=options.command[0], args=options.command[1:]))
    if options.url.endswith("/sse"):
        return sse_client(options.url)
    from mcp.client.streamable_http import streamablehttp_client

    return streamablehttp_client(options.url)


async def run(options, body):
    notes = Notes()
    handlers = {"sampling_callback": sample, "message_handler": notes}
    if options.revision >= "2025-06-18":
        handlers["elicitation_callback"] = elicit
    async with contextlib.AsyncExitStack() as stack:
        streams = await stack.enter_async_context(transport(options))
        session = await stack.enter_async_context(ClientSession(streams[0], streams[1], **handlers))
        revision = (await session.initialize()).protocolVersion
        await body(Peer(session, notes, revision))


checks.main(run)
