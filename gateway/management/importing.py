"""What the commands share that read what AWS delivers."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import CommandError, CommandParser

from kernel import commands


class ImportCommand(commands.Command):
    """Tells what came of each object, and of the first lines that could not be taken in."""

    read: ClassVar[Callable[..., Iterable[tuple[str, Any]]]]
    """The objects at an address: each's name, and its tally, or None for one that was read before."""

    def words(self, tally: Any) -> str:
        """What came of an object."""
        raise NotImplementedError

    def finish(self) -> None:
        """What is done after the objects, but for a dry run."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="s3://bucket/prefix, a folder or a file")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, address: str, dry_run: bool, **options: Any) -> None:
        number = 0
        try:
            for name, tally in self.read(address, dry_run=dry_run):
                number += 1
                if tally is None:
                    self.stdout.write(f"{name}: read before")
                    continue
                problem = f". {tally.problem}" if tally.problem else ""
                self.stdout.write(f"{name}: {self.words(tally)}{problem}")
                for line, reason in tally.rejections[:20]:
                    self.stdout.write(f"  line {line}: {reason}")
        except (OSError, BotoCoreError, ClientError) as error:
            raise CommandError(f"{address} can't be read: {error}") from error
        if dry_run:
            self.stdout.write("Nothing of this was kept.")
        else:
            self.finish()
        if not number:
            raise CommandError(f"There is nothing at {address}.")
