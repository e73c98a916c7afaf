"""Tries Bedrock: what differs from what the simulator says."""

import sys
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from embedded.trial.ask import Side
from embedded.trial.outcome import Verdict
from embedded.trial.report import report, summary
from embedded.trial.simulating import simulator
from embedded.trial.suite import MAX_DOLLARS, cheapest_quarter, chosen, max_dollars, probes_for
from embedded.trial.target import CannotTry, Prices, target_of
from embedded.trial.trial import Trial, run

_DIFFERS, _COULD_NOT = 1, 2


class Command(BaseCommand):
    help = (
        "Sends small requests to AWS Bedrock, for less than $0.10, and reports where it does other than the simulator says. "
        "Says first what it costs at most. Ends with 0 where nothing differs, 1 where something does, 2 where it could not run."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, help="the AWS region to ask, such as us-east-1")
        parser.add_argument(
            "--model",
            action="append",
            required=True,
            metavar="MODEL",
            help="the ID of a model or a profile; may be repeated",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before money is spent")
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="where the report goes, in Markdown; default: it is printed",
        )
        parser.add_argument(
            "--endpoint-url",
            metavar="URL",
            help="another address than AWS's, such as a simulator's (default: BEDROCK_ENDPOINT_URL)",
        )
        parser.add_argument(
            "--rule", action="append", default=[], metavar="NAME",
            help="only probes of this rule of a deployment or of the simulator, or of this name; may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--input-price",
            type=_dollars,
            metavar="DOLLARS",
            help="per million tokens, in place of the catalogue's",
        )
        parser.add_argument(
            "--output-price",
            type=_dollars,
            metavar="DOLLARS",
            help="per million tokens, in place of the catalogue's",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["endpoint_url"] or settings.BEDROCK_ENDPOINT_URL
        try:
            with ExitStack() as stack:
                trials = self._trials(options)
                aws = stack.enter_context(closing(Side(options["region"], url)))
                self._tell_costs(trials, aws.address)
                if not options["yes"]:
                    _ask_whether()
                address = stack.enter_context(simulator())
                other = stack.enter_context(closing(Side(options["region"], address, is_simulator=True)))
                self._run(trials, aws, other, options["report"])
        except (CannotTry, BotoCoreError) as error:
            raise CommandError(str(error), returncode=_COULD_NOT) from None
        if any(trial.having(Verdict.DIFFERENT) for trial in trials):
            sys.exit(_DIFFERS)
        if any(trial.was_broken_off for trial in trials):
            sys.exit(_COULD_NOT)

    def _trials(self, options: dict[str, Any]) -> list[Trial]:
        prices = _prices(options["input_price"], options["output_price"])
        found = []
        for model_id in dict.fromkeys(options["model"]):
            target = target_of(model_id, options["region"], prices)
            try:
                found.append(Trial(target, chosen(probes_for(target), options["rule"])))
            except KeyError as error:
                raise CannotTry(f"There is no probe of {error.args[0]} for {model_id}.") from None
        return found

    def _tell_costs(self, trials: list[Trial], address: str) -> None:
        """What is sent where, and what it costs at most. Raises CannotTry where the money would do for next to nothing."""
        self.stderr.write(f"This asks {address}.")
        total = Decimal(0)
        for trial in trials:
            cost = sum((max_dollars(probe, trial.target) for probe in trial.probes), Decimal(0))
            total += cost
            self.stderr.write(
                f"{trial.target.invoke_id}: {len(trial.probes)} probes, ${cost:.4f} if all of them were taken."
            )
        least = sum((cheapest_quarter(trial.probes, trial.target) for trial in trials), Decimal(0))
        if least > MAX_DOLLARS:
            raise CannotTry(
                f"Even the cheapest quarter may cost ${least:.2f}, more than ${MAX_DOLLARS}. Choose some with --rule, or fewer models."
            )
        self.stderr.write(f"It costs ${min(total, MAX_DOLLARS):.4f} at most.")
        if total > MAX_DOLLARS:
            self.stderr.write(
                "What is refused costs nothing. Probes that the rest of the money may not do for are left out."
            )

    def _run(self, trials: list[Trial], aws: Side, other: Side, path: Path | None) -> None:
        """Writes the report whatever happens: what was tried is told."""
        current = trials[0]
        try:
            for current in trials:
                left = MAX_DOLLARS - sum((trial.spent for trial in trials), Decimal(0))
                for tried in run(current, aws, other, left):
                    if tried.verdict in (Verdict.DIFFERENT, Verdict.UNKNOWN):
                        self.stderr.write(f"  {tried.verdict}: {tried.probe.name}")
                self.stderr.write(f"{current.target.invoke_id}: {summary(current)}.")
        except KeyboardInterrupt:
            current.was_broken_off = True
            self.stderr.write("Broken off.")
        except CannotTry:
            current.was_broken_off = True
            raise
        finally:
            if any(trial.tried for trial in trials):
                self._write(report(trials, aws.address, f"{datetime.now(UTC):%Y-%m-%d}"), path)

    def _write(self, text: str, path: Path | None) -> None:
        if path is None:
            self.stdout.write(text)
            return
        try:
            path.write_text(text)
        except OSError as error:
            self.stdout.write(text)
            raise CannotTry(
                f"The report can't be written to {path}: {error.strerror}. It is printed above."
            ) from None
        self.stderr.write(f"The report is in {path}.")


def _prices(dollars_in: Decimal | None, dollars_out: Decimal | None) -> Prices | None:
    """Those that were given; what is written to a cache costs at most twice as much."""
    if dollars_in is None and dollars_out is None:
        return None
    if dollars_in is None or dollars_out is None:
        raise CannotTry("Give both prices: --input-price and --output-price.")
    return Prices(dollars_in, dollars_out, 2 * dollars_in)


def _dollars(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or value <= 0:
        raise ValueError(text)
    return value


def _ask_whether() -> None:
    """Raises CannotTry unless the answer is yes."""
    try:
        answer = input("Go on? [y/N] ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise CannotTry("Nothing was sent.")
