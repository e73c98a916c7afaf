"""A process that reads names: texts in, spans out, one JSON list a line. It knows nothing of Django, and keeps nothing.

Run as `python -m governance.privacy.services.names.worker`; ends when its input does, and so with the process that started it.
"""

import sys

import orjson

from governance.privacy.services.names.reader import load_reader


def main() -> None:
    reader = load_reader()
    reader.read("Ready.")
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    for line in sys.stdin.buffer:
        spans = [reader.read(text, beside) for text, beside in orjson.loads(line)]
        sys.stdout.buffer.write(orjson.dumps(spans) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
