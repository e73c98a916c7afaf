"""How uvicorn is started for web and gateway."""

from collections.abc import Mapping

PROTOCOLS = "serving.first_bytes:FirstBytesProtocol"
"""HTTP/1.1 and HTTP/2, on the same port."""
LOOP = "serving.loop:new_event_loop"
"""uvloop's, which accepts connections only while there are file descriptors for them."""
_GRACEFUL_SECONDS = "10"
_IDLE_SECONDS = "60"
_WORKER_SECONDS = "60"


def uvicorn_options(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Options for speed, for TLS where a certificate is set, and for whose forwarded addresses are believed: nobody's
    unless GATEHOUSE_TRUSTED_PROXIES names the proxies."""
    options = [
        "--loop",
        LOOP,
        "--http",
        PROTOCOLS,
        "--ws",
        "websockets",
        "--no-access-log",
        "--no-server-header",
    ]
    options += ["--timeout-graceful-shutdown", _GRACEFUL_SECONDS, "--backlog", "4096"]
    options += ["--timeout-keep-alive", environment.get("GATEHOUSE_IDLE_SECONDS") or _IDLE_SECONDS]
    options += [
        "--timeout-worker-healthcheck",
        environment.get("GATEHOUSE_WORKER_TIMEOUT_SECONDS") or _WORKER_SECONDS,
    ]
    if proxies := environment.get("GATEHOUSE_TRUSTED_PROXIES"):
        options += ["--proxy-headers", "--forwarded-allow-ips", proxies]
    else:
        options += ["--no-proxy-headers"]
    if uses_tls(environment):
        options += ["--ssl-certfile", environment["GATEHOUSE_TLS_CERTIFICATE"]]
        options += ["--ssl-keyfile", environment["GATEHOUSE_TLS_KEY"]]
    return tuple(options)


def uses_tls(environment: Mapping[str, str]) -> bool:
    """Whether the server speaks HTTPS itself."""
    return bool(environment.get("GATEHOUSE_TLS_CERTIFICATE"))
