"""`manage.py prompts pull|push|diff`: prompts as YAML files, for teams that keep them in git."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from accounts.models import Team
from kernel import commands
from kernel.commands import named
from prompts.registry.models import Prompt, PromptVersion, VersionState
from prompts.registry.policy.document import Document, decode_document
from prompts.registry.policy.files import read_file
from prompts.registry.policy.text_diff import SpanKind
from prompts.registry.policy.version_diff import version_diff
from prompts.registry.services.files import exported, imported
from prompts.registry.services.labels import move_label
from prompts.registry.services.reviews import submit

_SUFFIXES = (".yaml", ".yml")


class Command(commands.Command):
    """Approval rules hold for what is pushed, as for what is written in the admin."""

    help = "Reads prompts from YAML files, writes them, or shows what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        pull = actions.add_parser("pull", help="Writes a file for every prompt.")
        pull.add_argument("folder", type=Path)
        pull.add_argument("--label", default="", help="The versions of this label. Left out: the last ones.")
        push = actions.add_parser(
            "push", help="Makes drafts of what the files say and the last versions do not."
        )
        push.add_argument("--submit", action="store_true", help="Hands the drafts to the reviewers.")
        push.add_argument("--label", default="", help="Moves this label to what is approved.")
        diff = actions.add_parser(
            "diff", help="Shows what a push would change. Exits with 1 where something would."
        )
        for each in (push, diff):
            each.add_argument("paths", nargs="+", type=Path, help="Files or folders; - for standard input.")
        for each in (pull, push, diff):
            each.add_argument("--team", default="", help="The team's name. Left out: prompts shared by all.")

    def handle(self, *args: Any, **options: Any) -> None:
        team = _team(options["team"])
        if options["action"] == "pull":
            self._pull(team, options["folder"], options["label"])
            return
        texts = _texts(options["paths"])
        if options["action"] == "diff":
            differ = [self._diff(team, name, text) for name, text in texts]  # every one is shown
            if any(differ):
                sys.exit(1)
            self.stdout.write("No differences.")
            return
        for name, text in texts:
            self._push(team, name, text, submits=options["submit"], label=options["label"])

    def _pull(self, team: Team | None, folder: Path, label: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for prompt in Prompt.objects.filter(team=team, archived_at=None):
            version = _version(prompt, label)
            if version is not None:
                path = folder / f"{prompt.name}.yaml"
                path.write_text(exported(version))
                self.stdout.write(f"{path}: version {version.number}")

    @transaction.atomic
    def _push(self, team: Team | None, name: str, text: str, *, submits: bool, label: str) -> None:
        with named(name):
            prompt, draft = imported(text=text, team=team, by=None)
            version = draft or prompt.versions.first()
            assert version is not None
            if submits and version.state == VersionState.DRAFT:
                version = submit(version=version, by=None)
            words = version.get_state_display().lower() if draft else "as it was"
            self.stdout.write(f"{prompt.name}: version {version.number}, {words}")
            if label and version.state == VersionState.APPROVED:
                move_label(prompt=prompt, name=label, version=version, by=None, reason="Pushed.")
                self.stdout.write(f"{prompt.name}: {label} leads to version {version.number}")

    def _diff(self, team: Team | None, name: str, text: str) -> bool:
        with named(name):
            file = read_file(text)
        prompt = Prompt.objects.filter(team=team, name=file.name).first()
        last = prompt.versions.first() if prompt is not None else None
        before = decode_document(last.document) if last is not None else Document()
        changes = version_diff(before, file.document)
        if changes:
            self.stdout.write(f"{file.name}, {f'version {last.number}' if last else 'new'}:")
        for change in changes:
            self.stdout.write(f"  {change.title}")
            marks = {SpanKind.REMOVED: ("[-", "-]"), SpanKind.ADDED: ("{+", "+}"), SpanKind.EQUAL: ("", "")}
            words = "".join(marks[span.kind][0] + span.text + marks[span.kind][1] for span in change.spans)
            self.stdout.write("\n".join(f"    {line}" for line in words.splitlines()))
        return bool(changes)


def _team(name: str) -> Team | None:
    if not name:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None:
        raise CommandError(f"There is no team “{name}”.")
    return team


def _version(prompt: Prompt, label: str) -> PromptVersion | None:
    versions = prompt.versions.filter(labels__name=label) if label else prompt.versions.all()
    return versions.select_related("prompt").first()


def _texts(paths: list[Path]) -> list[tuple[str, str]]:
    """(name, text) of files, and of all YAML files in folders."""
    found: list[tuple[str, str]] = []
    for path in paths:
        if str(path) == "-":
            found.append(("standard input", sys.stdin.read()))
        elif path.is_dir():
            found += [
                (str(each), each.read_text()) for each in sorted(path.iterdir()) if each.suffix in _SUFFIXES
            ]
        elif path.exists():
            found.append((str(path), path.read_text()))
        else:
            raise CommandError(f"There is no {path}.")
    return found
