"""A small S3: objects by bucket and key, put, read, asked for and deleted, in path style. It does not look at signatures."""

from typing import Any
from urllib.parse import unquote

from embedded.simulator.caller import SimulatedCaller

_MAX_OBJECT = 256 * 1024 * 1024
_XML = b"application/xml"


class SimulatedStorage:
    """Objects, kept until the simulator ends."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        """By `s3://bucket/key`."""

    @staticmethod
    def owns(scope: dict[str, Any]) -> bool:
        """Whether a request is signed for S3. A POST is not known here, and is held to what Bedrock asks of a signature."""
        return scope["method"] != "POST" and any(
            name == b"authorization" and b"/s3/aws4_request" in value for name, value in scope["headers"]
        )

    async def serve(self, scope: dict[str, Any], caller: SimulatedCaller) -> None:
        method, address = scope["method"], "s3:/" + unquote(scope["raw_path"].decode("latin-1"))
        body = await caller.body(_MAX_OBJECT)
        if method == "PUT" and body is not None:
            encrypted = dict(scope["headers"]).get(b"x-amz-server-side-encryption")
            if encrypted is None:
                await _error(caller, 403, "AccessDenied", "Objects are encrypted here.")
                return
            self.objects[address] = body
            await caller.answer(200, b"", [(b"etag", b'"1"')], _XML)
        elif method == "DELETE":
            self.objects.pop(address, None)
            await caller.answer(204, b"", [], _XML)
        elif method in ("GET", "HEAD"):
            found = self.objects.get(address)
            if found is None:
                await _error(caller, 404, "NoSuchKey", "The specified key does not exist.", method)
            elif method == "HEAD":
                await caller.answer(200, b"", [], _XML)
            else:
                await caller.answer(200, found, [(b"etag", b'"1"')], b"application/octet-stream")
        else:
            await _error(
                caller, 501, "NotImplemented", "The simulator's S3 puts, reads and asks for objects."
            )


async def _error(caller: SimulatedCaller, status: int, code: str, message: str, method: str = "") -> None:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    await caller.answer(status, b"" if method == "HEAD" else body, [], _XML)
