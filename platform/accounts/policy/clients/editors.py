"""PURE: editors, which take an "OpenAI-compatible" provider.

Sources: docs.continue.dev (config.yaml reference); zed.dev/docs (use API access: the key's variable is made of the
provider's name).
"""

from accounts.policy.clients.client import Client, Lines

_NOTHING = "They say nothing of them: give each developer a key."

CONTINUE = Client(
    "continue",
    "Continue",
    (
        Lines(
            "~/.continue/config.yaml",
            "yaml",
            """\
name: Gatehouse
version: 0.0.1
schema: v1
models:
  - name: "«MODEL»"
    provider: openai
    model: "«MODEL»"
    apiBase: "«URL»/v1"
    apiKey: "«KEY»"
    roles:
      - chat
      - edit
      - apply""",
        ),
    ),
    _NOTHING,
)

ZED = Client(
    "zed",
    "Zed",
    (
        Lines(
            "settings.json",
            "json",
            """\
{
  "language_models": {
    "openai_compatible": {
      "gatehouse": {
        "api_url": "«URL»/v1",
        "available_models": [
          {
            "name": "«MODEL»",
            "max_tokens": 200000,
            "capabilities": {
              "tools": true,
              "images": true,
              "parallel_tool_calls": true,
              "prompt_cache_key": true
            }
          }
        ]
      }
    }
  }
}""",
        ),
        Lines(
            "A terminal, or paste the key in Zed's settings of the provider",
            "bash",
            """\
export GATEHOUSE_API_KEY="«KEY»"
zed .""",
        ),
    ),
    "`prompt_cache_key` is the thread's: a session where the team's “Sessions from” names it.",
    "`max_tokens` is the model's context window.",
)

OTHER_EDITORS = Client(
    "openai-compatible",
    "Cursor and others",
    (
        Lines(
            "Base URL, where “OpenAI-compatible” or “Override OpenAI Base URL” is asked for",
            "text",
            "«URL»/v1",
        ),
        Lines("API key", "text", "«KEY»"),
        Lines("Model, added by hand", "text", "«MODEL»"),
    ),
    _NOTHING,
    "Some editors, Cursor among them, call from their makers' servers: there an address of your own network can't be reached, "
    "and what is written passes through those servers first.",
)

EDITORS = (CONTINUE, ZED, OTHER_EDITORS)
