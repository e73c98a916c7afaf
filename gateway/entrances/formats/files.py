"""PURE: files as OpenAI's formats carry them (`file`, `input_file`), as Converse takes them: documents, or images.

Sources: the OpenAI API reference, "File inputs" (`file_data` is base64, or a data URL, beside a `filename`); the shapes
DocumentBlock, DocumentFormat and DocumentSource of botocore's `bedrock-runtime`.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error

from gateway.conversation import Block, Json
from gateway.entrances.formats.images import is_base64, without_blanks
from gateway.refusals import Refusal

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.IGNORECASE)
_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}  # fmt: skip
_MEDIA_TYPES = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "application/json": "txt",
    "application/xml": "txt",
    "application/yaml": "txt",
    "application/x-yaml": "txt",
    "application/javascript": "txt",
}
_ENDINGS = {
    "pdf": "pdf", "doc": "doc", "docx": "docx", "xls": "xls", "xlsx": "xlsx", "csv": "csv", "html": "html", "htm": "html",
    "md": "md", "markdown": "md",
} | dict.fromkeys(
    ("txt", "text", "log", "json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "py", "js", "ts", "java", "go", "rs", "c", "h",
     "cpp", "cs", "rb", "php", "sh", "sql", "css", "tex", "rst", "tsv", "eml"), "txt",
)  # fmt: skip
_IMAGE_ENDINGS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp"}
_TEXTS = frozenset({"txt", "md", "csv", "html"})
_MAX_NAME_LENGTH = 180
_TAKEN = "PDF, Word, Excel, CSV, HTML, Markdown or plain text, or an image"


def file_block(*, data: str | None, filename: str | None, where: str, number: int = 1) -> Block:
    """A file sent as base64, or as a data URL of it. `number` names it among the request's files where it has no name.

    What is text stays text, so that it is looked through for personal data. Refusal invalid_request for what is no file
    that Bedrock reads.
    """
    if not data:
        raise _invalid(where, "send the file itself as base64 in 'file_data': there is no store of files.")
    match = _DATA_URL.match(data)
    start = match.end() if match else 0
    if not is_base64(data, start):
        raise _invalid(where, "'file_data' is neither base64 nor a data: URL of it.")
    encoded = without_blanks(data[start:])
    media_type = (match["type"] or "").lower() if match else ""
    ending = (filename or "").rpartition(".")[2].lower() if "." in (filename or "") else ""
    if image := _IMAGES.get(media_type) or (
        None if media_type in _MEDIA_TYPES else _IMAGE_ENDINGS.get(ending)
    ):
        return Block(image={"format": image, "source": {"bytes": encoded}})
    kind = _kind(media_type, ending, encoded, where)
    return Block(
        document={
            "format": kind,
            "name": _name(filename, ending, number),
            "source": _text(encoded, where) if kind in _TEXTS else {"bytes": encoded},
        }
    )


def _kind(media_type: str, ending: str, encoded: str, where: str) -> str:
    """The format, by what the caller says of the file, or else by how a PDF begins."""
    known = _MEDIA_TYPES.get(media_type) or _ENDINGS.get(ending)
    if known is None and media_type.startswith("text/"):
        known = "txt"
    if known is None and encoded.startswith("JVBERi"):  # %PDF
        known = "pdf"
    if known is None:
        what = f"a file of the type '{media_type[:100]}'" if media_type else f"the file '.{ending[:20]}'"
        if not media_type and not ending:
            what = "a file without a type and a name"
        raise _invalid(where, f"{what} can't be read by models on Bedrock. Send {_TAKEN}.")
    return known


def _text(encoded: str, where: str) -> Json:
    try:
        return {"text": b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8-sig")}
    except (Base64Error, UnicodeDecodeError) as error:
        raise _invalid(where, "the file is not text in UTF-8.") from error


def _name(filename: str | None, ending: str, number: int) -> str:
    """The file's name without its ending, which Converse has no sign for.

    Its other signs stay: personal data is looked for in it before it is put in those that Converse takes.
    """
    stem = (filename or "").replace("\\", "/").rpartition("/")[2]
    stem = stem[: -len(ending) - 1] if ending else stem
    return " ".join(stem.split())[:_MAX_NAME_LENGTH].strip() or f"Document {number}"


def _invalid(where: str, message: str) -> Refusal:
    return Refusal("invalid_request", f"{where}: {message}", param=where)
