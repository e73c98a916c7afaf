"""PURE: docs/clients.md, made of the same lines as the admin's pages."""

from collections.abc import Iterator

from accounts.policy.clients.client import Client, Lines, Values, filled

EXAMPLE = Values("https://gatehouse.example.com", "gh_…", "claude-sonnet-4-5", "claude-haiku-4-5")

_HEAD = """\
# Set up a client

<!-- Written by `python -m accounts.policy.clients > docs/clients.md`; the text is in platform/accounts/policy/clients. -->

What each client needs to call Gatehouse: its address, a key, the name of a model. The admin has the same lines under **Set up a client**, filled
in with the address, the models that a key may call and, right after making it, the key; there a button waits for the first call and says that
it came.

- **Address**: `https://gatehouse.example.com` here; yours is `GATEHOUSE_PUBLIC_URL` ([settings.md](settings.md)). OpenAI's clients want it with
  `/v1`, Anthropic's without, AWS's with `/bedrock`. A wrong one is answered by a 404 in JSON that says which is right.
- **Key**: made in the admin under API keys, shown once, `gh_…`. It goes where the client wants its maker's key. `GET /v1/me` says what a key may do.
- **Model**: the name of a route, such as `claude-sonnet-4-5`. Bedrock's IDs, ARNs and Anthropic's dated names lead to the same routes.

## Whom a call is for, and in which session

Budgets, limits and usage count by end user and session where a call says them: in the headers `X-Gatehouse-End-User` and `X-Gatehouse-Session`, or
by what clients send by themselves and the team's settings choose (“End users from”, “Sessions from”). Sessions are read from agents' headers and
`metadata.user_id` unless the team says otherwise; end users from nothing until it does. An id such as `dev-17` is kept as it is; what looks like a
person's name, address or number is kept as one placeholder that is the same each time. The team's owners may keep a list of
[whom placeholders stand for](privacy.md#people-behind-placeholders).

## Long silences

A model may think for a while before it says anything. After `GATEHOUSE_STREAM_KEEP_ALIVE_SECONDS` (10) without an event, streams get one that clients
pass over, so that proxies do not cut them: see [Silence in a stream](api.md#silence-in-a-stream). Whole answers can't be kept open: ask for a stream.
"""


def document(groups: tuple[tuple[str, tuple[Client, ...]], ...]) -> str:
    """The whole of it."""
    parts = [_HEAD]
    for title, clients in groups:
        parts.append(f"## {title}\n")
        parts += [part for client in clients for part in _client(client)]
    return "\n".join(parts)


def _client(client: Client) -> Iterator[str]:
    yield f"### {client.name}\n"
    yield from (_block(lines) for lines in client.lines)
    if client.note:
        yield f"{client.note}\n"
    yield f"Sessions and end users: {client.tags}\n"


def _block(lines: Lines) -> str:
    return f"{lines.where}:\n\n```{lines.language}\n{filled(lines.text, EXAMPLE)}\n```\n"
