"""PgBouncer from Debian's package, in transaction mode, before the database of a stack."""

import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from embedded.child import Child, Command
from embedded.ports import free_port
from embedded.waiting import start_and_wait, stop_all

PROGRAM = shutil.which("pgbouncer") or next(
    (path for path in ("/usr/sbin/pgbouncer",) if os.access(path, os.X_OK)), None
)
MISSING = "PgBouncer is not there: apt-get install pgbouncer"


class PgBouncer:
    """`url` is the same database, through it."""

    def __init__(self, url: str, child: Child) -> None:
        self.url, self._child = url, child

    def start(self) -> None:
        start_and_wait(self._child)

    def stop(self) -> None:
        """Ends it with SIGINT or SIGTERM, and with it every connection of its clients, as a restart of its unit does."""
        stop_all([self._child])


@contextmanager
def pgbouncer(url: str, folder: Path, *, pool_size: int = 4, clients: int = 2000) -> Iterator[PgBouncer]:
    """One that runs, on a port of its own."""
    parts, port = conninfo_to_dict(url), free_port()
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "users.txt").write_text(f'"{parts["user"]}" "{parts["password"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        "[databases]\n"
        f"* = host={parts['host']} port={parts['port']}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {folder / 'users.txt'}\n"
        f"pool_mode = transaction\ndefault_pool_size = {pool_size}\nmax_client_conn = {clients}\n"
    )
    assert PROGRAM is not None, MISSING
    # It refuses to run as root.
    user = ("-u", "postgres" if _has_user("postgres") else "nobody") if os.geteuid() == 0 else ()
    command = Command(
        name="pgbouncer", title="PgBouncer", arguments=(PROGRAM, *user, str(folder / "pgbouncer.ini")),
        environment=dict(os.environ), folder=folder, is_ready=lambda: _answers(port),
    )  # fmt: skip
    pooled = f"postgres://{parts['user']}:{parts['password']}@127.0.0.1:{port}/{parts['dbname']}"
    found = PgBouncer(pooled, Child(command, logs=folder))
    try:
        found.start()
        yield found
    finally:
        found.stop()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
