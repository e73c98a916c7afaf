import hashlib
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from governance.management.screening_training import report, train
from governance.management.screening_training.evaluate import leave_out
from governance.management.screening_training.features import rows
from governance.management.screening_training.fit import Setup
from governance.screening.policy import classifier
from kernel import commands


def _folder(text: str) -> Path:
    folder = Path(text)
    if not (folder / "injection" / "dev.jsonl").is_file():
        raise ArgumentTypeError(f"{folder} has no injection/dev.jsonl")
    return folder


class Command(commands.Command):
    help = "Trains the screening classifier from labelled texts, and says how good it is on sources it has not seen."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=_folder,
            required=True,
            help="a folder with injection/dev.jsonl and the files of documents beside it",
        )
        parser.add_argument(
            "--pages",
            type=Path,
            help="documentation in many languages, harmless: FOLDER/<language>/docs/**/*.md",
        )
        parser.add_argument(
            "--more",
            type=Path,
            help="public collections, one folder each (docs/screening.md names them): prompts of all kinds, and jailbreaks",
        )
        parser.add_argument(
            "--out",
            type=Path,
            default=Path(classifier.__file__).with_name(classifier.FILE),
            help="the file to write (default: the one that is shipped)",
        )
        parser.add_argument("--only-figures", action="store_true", help="print the figures and write no file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import sklearn  # noqa: F401
        except ImportError as error:
            raise CommandError(
                "Training needs scikit-learn, a development tool: run `make check` once."
            ) from error
        setup = Setup()
        examples = train.user_examples(options["data"], options["pages"], options["more"])
        self.stdout.write(f"{len(examples):,} texts; leaving each source out in turn …")
        table = rows(examples)
        found = leave_out(examples, table, setup)
        material = train.material_figures(options["data"], options["pages"])
        for line in report.report_lines(examples, found, material):
            self.stdout.write(line)
        if options["only_figures"]:
            return
        data = classifier.write_model(
            {
                "user": train.user_model(examples, table, found, setup),
                "material": train.material_model(material),
            }
        )
        options["out"].write_bytes(data)
        self.stdout.write(
            f"{options['out'].name}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"
        )
