"""The named API as an MCP server: tools that read, and none that starts a job unless asked for."""

import ast
import asyncio

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from sdqviz.serve import app_context
from sdqviz.server.routes import is_served
from sdqviz.store.asker import Asker
from sdqviz.ui.app import build_app
from sdqviz.ui.context import MCP_READS, MCP_STARTS
from sdqviz.ui.endpoints import READS, STARTS
from tests.browser.conftest import serving
from tests.server.conftest import Idle


async def asked(address: str) -> tuple[set[str], list[dict], str]:
    """The names of the tools, what `runs` says, and the answer to a tool that is none here."""
    async with (
        streamablehttp_client(f"{address}gradio_api/mcp/") as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        names = {tool.name for tool in (await session.list_tools()).tools}
        told = await session.call_tool("runs", {"kind": "quantize", "limit": 5})
        refused = await session.call_tool("quantize", {"model": "mini-sd1"})
        assert refused.isError
        return names, ast.literal_eval(told.content[0].text), refused.content[0].text


def test_tools_read_and_start_nothing(tmp_path):
    with serving(tmp_path, "--mcp") as address:
        names, runs, refused = asyncio.run(asked(address))
    assert names == set(READS)
    assert {run["state"] for run in runs} == {"done"} and len(runs) >= 2
    assert "Unknown tool" in refused


@pytest.mark.slow
@pytest.mark.parametrize(("mcp", "listed"), [(MCP_READS, READS), (MCP_STARTS, (*READS, *STARTS))])
def test_what_is_listed_is_a_tool(home, mcp, listed):
    page = build_app(app_context(home, Idle(), asker=lambda: Asker(), mcp=mcp))
    assert set(page.get_api_info()["named_endpoints"]) == {f"/{name}" for name in listed}
    visible = {b.api_name: b.api_visibility for b in page.fns.values() if b.fn}
    assert all(visible[name] != "private" for name in (*READS, *STARTS))  # called by name


def test_without_a_server_there_is_no_route():
    for path in ("/gradio_api/mcp", "/gradio_api/mcp/", "/gradio_api/mcp/http/"):
        assert is_served("POST", path, mcp=True) and not is_served("POST", path)
    assert not is_served("DELETE", "/gradio_api/mcp/", mcp=True)
