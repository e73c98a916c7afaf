"""The parent's side: which kind a document is, the limits, the child."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson
from django.conf import settings

from kernel.errors import InvalidError
from prompts.knowledge.policy.blocks import TextBlock, from_json
from prompts.knowledge.services.extraction import problems

_PDF = "application/pdf"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".pdf": _PDF,
    ".docx": _WORD,
}
_KILLED = (-9, -24)  # SIGKILL, SIGXCPU
_MEBIBYTE = 1024 * 1024


class DocumentError(InvalidError):
    """The document can't be used; the message says what to do."""

    code = "unusable_document"
    field = "file"


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """What reading one document may take."""

    bytes: int
    memory_mb: int
    seconds: int
    characters: int
    grace_seconds: int = 10
    """How much longer than its processor time it may take: the start of the child, and waiting for a processor."""

    @classmethod
    def of_settings(cls) -> "ExtractionLimits":
        return cls(
            settings.KNOWLEDGE_MAX_BYTES,
            settings.KNOWLEDGE_MEMORY_MB,
            settings.KNOWLEDGE_SECONDS,
            settings.KNOWLEDGE_MAX_CHARACTERS,
        )


def media_type_of(name: str, content: bytes) -> str:
    """The media type of a document by its name and its first bytes, which must agree. DocumentError where they don't."""
    media_type = _TYPES.get(Path(name).suffix.lower())
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DocumentError(problems.OLD_OFFICE)
    found = _kind_by_content(content)
    if media_type is None:
        raise DocumentError(problems.ARCHIVE if found == _WORD else problems.UNKNOWN)
    if found != (media_type if media_type in (_PDF, _WORD) else ""):
        raise DocumentError(problems.MISNAMED)
    return media_type


def is_known(name: str) -> bool:
    """Whether documents with such a name can be read."""
    return Path(name).suffix.lower() in _TYPES


def _kind_by_content(content: bytes) -> str:
    """The kind that the first bytes speak for; empty: any text."""
    if b"%PDF-" in content[:1024]:
        return _PDF
    return _WORD if content.startswith(b"PK\x03\x04") else ""


def check_size(size: int) -> None:
    """DocumentError for nothing, and for too much."""
    if size == 0:
        raise DocumentError(problems.EMPTY)
    if size > settings.KNOWLEDGE_MAX_BYTES:
        most = settings.KNOWLEDGE_MAX_BYTES / _MEBIBYTE
        raise DocumentError(f"It is larger than {most:g} MB, the most that is taken. Upload it in parts.")


def extract(
    content: bytes, media_type: str, limits: ExtractionLimits | None = None, *, is_whole: bool = False
) -> list[TextBlock]:
    """The blocks of a document. DocumentError where it can't be used.

    With `is_whole`, of a PDF or a Word document, what stands beside its text as well: headers, notes, comments, fields.
    """
    limits = limits or ExtractionLimits.of_settings()
    command = [
        *(sys.executable, "-m", "prompts.knowledge.services.extraction.child", media_type),
        *map(str, (limits.memory_mb, limits.seconds, limits.characters)),
        *(["whole"] if is_whole else []),
    ]
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            command,
            input=content,
            capture_output=True,
            timeout=limits.seconds + limits.grace_seconds,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise DocumentError(problems.TOO_SLOW) from error
    if done.returncode in _KILLED:
        raise DocumentError(problems.TOO_SLOW)
    if done.returncode:
        raise DocumentError(problems.TOO_HEAVY if b"MemoryError" in done.stderr else problems.CRASHED)
    answer = orjson.loads(done.stdout)
    if "problem" in answer:
        raise DocumentError(answer["problem"])
    return from_json(answer["blocks"])
