"""What runs in the child: reads a document from its input, writes its blocks, or what is wrong with it, as JSON.

python -m prompts.knowledge.services.extraction.child KIND MEGABYTES SECONDS CHARACTERS [whole]

With `whole` it reads what stands beside the text, too, and lets other processes go first.
"""

import importlib
import os
import resource
import sys
from typing import Any

import orjson

from prompts.knowledge.policy.blocks import to_json
from prompts.knowledge.services.extraction import problems

_MODULES = {
    "text/plain": "plain",
    "text/markdown": "markdown",
    "text/html": "html",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}

_NICE = 5


def main(kind: str, megabytes: str, seconds: str, characters: str, *more: str) -> None:
    content = sys.stdin.buffer.read()
    module = importlib.import_module(f"prompts.knowledge.services.extraction.{_MODULES[kind]}")
    if more:
        os.nice(_NICE)
    _limit(int(megabytes) * 1024 * 1024, int(seconds))
    try:
        answer = _read(module, content, int(characters), is_whole=bool(more))
    except problems.Unusable as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": problems.TOO_HEAVY}
    except RecursionError:
        answer = {"problem": problems.DAMAGED}
    sys.stdout.buffer.write(orjson.dumps(answer))


def _read(module: Any, content: bytes, characters: int, *, is_whole: bool) -> dict[str, Any]:
    blocks = module.extract(content)
    if is_whole:
        blocks += module.beside(content, blocks)
    length = sum(len(block.text) for block in blocks)
    if length > characters:
        raise problems.Unusable(problems.TOO_MUCH_TEXT)
    if not any(character.isalnum() for block in blocks for character in block.text):
        raise problems.Unusable(problems.EMPTY)
    return {"blocks": to_json(blocks)}


def _limit(memory_bytes: int, seconds: int) -> None:
    """No more memory or time than this, no files, no other programs, no dump of the memory."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
