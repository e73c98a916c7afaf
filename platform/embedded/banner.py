"""What is said when everything runs: where it is and how to try it."""

import json
from pathlib import Path
from shlex import quote

DEMO_FILE = "demo.json"


def banner(*, public_url: str, data_dir: Path, seconds: float) -> str:
    """Text for the terminal; the curl line can be pasted into a POSIX shell as it is."""
    lines = ["", f"Gatehouse is ready.   (in {seconds:.0f} s)"]
    access = read_demo(data_dir)
    if access is None:
        lines += [f"  Admin      {public_url}/admin/"]
    else:
        lines += [
            f"  Admin      {public_url}/admin/   {access['admin_email']} / {access['admin_password']}",
            f"  API key    {access['api_key']}",
            f"  Try it     {curl(public_url, api_key=access['api_key'], model=access['model'])}",
        ]
    return "\n".join([*lines, f"  Logs       {data_dir / 'logs'}", "Stop with Ctrl-C.", ""])


def curl(public_url: str, *, api_key: str, model: str) -> str:
    """A call of the gateway."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    return (
        f'curl {quote(f"{public_url}/v1/chat/completions")} -H "Authorization: Bearer {api_key}" '
        f'-H "Content-Type: application/json" -d {quote(body)}'
    )


def read_demo(data_dir: Path) -> dict[str, str] | None:
    """How to sign in and call, as `load_demo` wrote it down; None when the demonstration was loaded elsewhere."""
    try:
        access = json.loads((data_dir / DEMO_FILE).read_text())
        return {name: str(access[name]) for name in ("admin_email", "admin_password", "api_key", "model")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
