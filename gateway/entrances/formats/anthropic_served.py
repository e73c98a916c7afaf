"""PURE: blocks that tools of Anthropic's own servers left in a conversation. Source: the types of the `anthropic` SDK."""

from typing import Any

from gateway.entrances.formats.members import Strict


class OfServer(Strict):
    """What tools of the provider's own left in an answer: Bedrock has none of them, and takes none of their blocks back."""

    id: Any = None
    name: Any = None
    input: Any = None
    tool_use_id: Any = None
    content: Any = None
    server_name: Any = None
    is_error: Any = None
    caller: Any = None
    cache_control: Any = None


class _ServerToolUse(OfServer, tag="server_tool_use"): ...


class _McpToolUse(OfServer, tag="mcp_tool_use"): ...


class _McpToolResult(OfServer, tag="mcp_tool_result"): ...


class _WebSearchResult(OfServer, tag="web_search_tool_result"): ...


class _WebFetchResult(OfServer, tag="web_fetch_tool_result"): ...


class _CodeResult(OfServer, tag="code_execution_tool_result"): ...


class _BashCodeResult(OfServer, tag="bash_code_execution_tool_result"): ...


class _EditorCodeResult(OfServer, tag="text_editor_code_execution_tool_result"): ...


class _ToolSearchResult(OfServer, tag="tool_search_tool_result"): ...


Served = (
    _ServerToolUse | _McpToolUse | _McpToolResult | _WebSearchResult | _WebFetchResult | _CodeResult | _BashCodeResult
    | _EditorCodeResult | _ToolSearchResult
)  # fmt: skip
