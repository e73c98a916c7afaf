"""PURE: coding agents.

Sources: code.claude.com/docs (LLM gateway, Amazon Bedrock, environment variables); developers.openai.com/codex (config
reference: `wire_api` is "responses" alone); opencode.ai/docs (providers); aider.chat/docs (OpenAI compatible APIs).
"""

from accounts.policy.clients.client import Client, Lines

CLAUDE_CODE = Client(
    "claude-code",
    "Claude Code",
    (
        Lines(
            "A terminal",
            "bash",
            """\
export ANTHROPIC_BASE_URL="«URL»"
export ANTHROPIC_AUTH_TOKEN="«KEY»"
export ANTHROPIC_MODEL="«MODEL»"
export ANTHROPIC_DEFAULT_HAIKU_MODEL="«SMALL_MODEL»"
unset ANTHROPIC_API_KEY
claude""",
        ),
        Lines(
            "Or for good, ~/.claude/settings.json",
            "json",
            """\
{
  "env": {
    "ANTHROPIC_BASE_URL": "«URL»",
    "ANTHROPIC_AUTH_TOKEN": "«KEY»",
    "ANTHROPIC_MODEL": "«MODEL»",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "«SMALL_MODEL»"
  }
}""",
        ),
    ),
    "Sessions come from its header `X-Claude-Code-Session-Id`. Developers behind one key are told apart where the team's “End "
    "users from” has `metadata.user_id`: by account, else by device.",
    "Releases older than the variable `ANTHROPIC_DEFAULT_HAIKU_MODEL` read `ANTHROPIC_SMALL_FAST_MODEL`. A project's own "
    ".claude/settings.json is shared with whoever has the project: no key belongs there.",
)

CLAUDE_CODE_BEDROCK = Client(
    "claude-code-bedrock",
    "Claude Code, Bedrock mode",
    (
        Lines(
            "A terminal",
            "bash",
            """\
export CLAUDE_CODE_USE_BEDROCK=1
export ANTHROPIC_BEDROCK_BASE_URL="«URL»/bedrock"
export AWS_BEARER_TOKEN_BEDROCK="«KEY»"
export AWS_REGION=us-east-1
export ANTHROPIC_MODEL="«MODEL»"
export ANTHROPIC_DEFAULT_HAIKU_MODEL="«SMALL_MODEL»"
claude""",
        ),
    ),
    "As in its other mode.",
    "For those who have it so already. The other mode says more on the wire, and needs no region.",
)

CODEX = Client(
    "codex",
    "Codex",
    (
        Lines(
            "~/.codex/config.toml",
            "toml",
            """\
model = "«MODEL»"
model_provider = "gatehouse"

[model_providers.gatehouse]
name = "Gatehouse"
base_url = "«URL»/v1"
env_key = "GATEHOUSE_API_KEY"
wire_api = "responses\"""",
        ),
        Lines(
            "A terminal",
            "bash",
            """\
export GATEHOUSE_API_KEY="«KEY»"
codex""",
        ),
    ),
    "Sessions come from its header `session-id`. `prompt_cache_key`, which is a conversation's, may name end users, but tells "
    "no people apart: give each developer a key, or a header by `http_headers`.",
    "The root lines stand above all tables of the file.",
)

OPENCODE = Client(
    "opencode",
    "opencode",
    (
        Lines(
            "~/.config/opencode/opencode.json",
            "json",
            """\
{
  "$schema": "https://opencode.ai/config.json",
  "provider": {
    "gatehouse": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "Gatehouse",
      "options": {
        "baseURL": "«URL»/v1",
        "apiKey": "{env:GATEHOUSE_API_KEY}"
      },
      "models": {
        "«MODEL»": {},
        "«SMALL_MODEL»": {}
      }
    }
  },
  "model": "gatehouse/«MODEL»",
  "small_model": "gatehouse/«SMALL_MODEL»"
}""",
        ),
        Lines(
            "A terminal",
            "bash",
            """\
export GATEHOUSE_API_KEY="«KEY»"
opencode""",
        ),
    ),
    "Sessions come from its header `x-session-id`.",
)

AIDER = Client(
    "aider",
    "aider",
    (
        Lines(
            "A terminal",
            "bash",
            """\
export OPENAI_API_BASE="«URL»/v1"
export OPENAI_API_KEY="«KEY»"
aider --model "openai/«MODEL»" --weak-model "openai/«SMALL_MODEL»\"""",
        ),
        Lines(
            "A terminal, for Claude by Anthropic's wire",
            "bash",
            """\
export ANTHROPIC_API_BASE="«URL»"
export ANTHROPIC_API_KEY="«KEY»"
aider --model "anthropic/«MODEL»" --weak-model "anthropic/«SMALL_MODEL»\"""",
        ),
    ),
    "It says nothing of them: give each developer a key.",
    "The word before the model says which wire to speak. By Anthropic's aider knows Claude's window and prices, and sends what "
    "`--cache-prompts` and `--thinking-tokens` ask for; by OpenAI's it warns that it does not know the model, and leaves thinking out.",
)

AGENTS = (CLAUDE_CODE, CLAUDE_CODE_BEDROCK, CODEX, OPENCODE, AIDER)
