"""`make bench`: the figures of docs/performance.md, measured on this machine. Quote ratios within one run."""

import argparse
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.bench import (
    agents,
    bodies,
    cache,
    calls,
    choosing,
    clients,
    edge,
    estimator,
    experiments,
    failover,
    http2,
    in_flight,
    limits,
    pooler,
    privacy,
    prompts,
    readiness,
    records,
    resilience,
    retrieval,
    screening,
    semantic,
    similar,
    soak,
    streams,
    usage,
    vectors,
    wire,
)
from tests.pgbouncer import MISSING, PROGRAM
from tests.services import Stack, temporary_folder

PARTS = (
    "calls",
    "limits",
    "streams",
    "clients",
    "estimator",
    "privacy",
    "screening",
    "usage",
    "records",
    "bodies",
    "retrieval",
    "vectors",
    "soak",
    "experiments",
    "prompts",
    "wire",
    "http2",
    "agents",
    "edge",
    "pooler",
    "readiness",
    "failover",
    "in-flight",
    "choosing",
    "resilience",
    "cache",
    "similar",
    "semantic",
)
USUAL = PARTS[:5]
"""What is measured unless one part is named: the rest takes long."""


@dataclass
class Ground:
    """A durable Postgres, migrated, with one route, and one key under three budgets and four rate limits."""

    stack: Stack
    key: str
    postmaster: int

    @property
    def env(self) -> dict[str, str]:
        return self.stack.environment()


@contextmanager
def ground() -> Iterator[Ground]:
    folder = temporary_folder()
    with Stack(folder, durable=True) as stack:
        stack.manage("load_catalog")
        with psycopg.connect(stack.postgres, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO gateway_route (name, aliases, description, strategy, default_max_tokens, timeout_seconds, wait_seconds, "
                "is_enabled, created_at) VALUES ('bench', '{}', '', 'ordered', 200, 60, 0, true, now())"
            )
            connection.execute(
                "INSERT INTO gateway_routetarget (route_id, deployment_id, position, weight) "
                "SELECT route.id, (SELECT deployment_id FROM gateway_routetarget ORDER BY id LIMIT 1), 0, 1 "
                "FROM gateway_route route WHERE name = 'bench'"
            )
            row = connection.execute(
                "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
            ).fetchone()
        assert row is not None
        postmaster = int((Path(row[0]) / "postmaster.pid").read_text().splitlines()[0])
        yield Ground(stack, limits.new_team(stack, "Bench", budgets=3, rate_limits=4), postmaster)
    shutil.rmtree(folder, ignore_errors=True)


def print_calls(rows: list[calls.Row]) -> None:
    stock = {row.concurrency: row.cpu for row in rows if row.name.startswith("stock")}
    print(
        "\n| what | concurrency | CPU ms / call | against the stock view | Postgres CPU ms | p50 ms | p99 ms | calls / s | errors |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        postgres = f"{row.postgres:.3f}" if row.postgres else ""
        print(
            f"| {row.name} | {row.concurrency} | {row.cpu:.3f} | {row.cpu / stock[row.concurrency]:.2f} | {postgres} "
            f"| {row.p50:.1f} | {row.p99:.1f} | {row.per_second:.0f} | {row.errors} |"
        )


def print_limits(rows: list[calls.Row]) -> None:
    print(
        "\n| what | concurrency | calls / s | gateway CPU ms | Postgres CPU ms | p50 ms | p99 ms | errors |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.name} | {row.concurrency} | {row.per_second:.0f} | {row.cpu:.3f} | {row.postgres:.3f} "
            f"| {row.p50:.1f} | {row.p99:.1f} | {row.errors} |"
        )


def print_prompts(rows: list[calls.Row]) -> None:
    raw = {row.concurrency: row for row in reversed(rows)}
    print(
        "\n| what | concurrency | CPU ms / call | more than the text | Postgres CPU ms | p50 ms | more | p99 ms | errors |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        first = raw[row.concurrency]
        print(
            f"| {row.name} | {row.concurrency} | {row.cpu:.3f} | {row.cpu - first.cpu:+.3f} | {row.postgres:.3f} | {row.p50:.2f} "
            f"| {row.p50 - first.p50:+.2f} | {row.p99:.1f} | {row.errors} |"
        )


def print_limiting(rows: list[limits.Limiting]) -> None:
    print(
        "\n| four limits on a call, decided by | concurrency | CPU ms / call | calls / s |\n|---|---|---|---|"
    )
    for row in rows:
        print(f"| {row.name} | {row.concurrency} | {row.cpu:.3f} | {row.per_second:.0f} |")


def print_streams(found: streams.Streams) -> None:
    print(f"\n| {found.streams} open streams in one process | |\n|---|---|")
    print(f"| errors | {found.errors} |")
    print(f"| threads | {found.threads} |")
    print(f"| database connections | {found.connections} |")
    print(f"| memory per stream | {found.memory_kb:.0f} kB |")
    print(f"| time to first byte of the upstream alone, p99 | {found.direct_p99_ms:.1f} ms |")
    print(f"| added time to first byte, p50 / p99 | {found.added_p50_ms:.1f} / {found.added_p99_ms:.1f} ms |")
    print(f"| CPU per token | {found.cpu_ms_per_token:.3f} ms |")


def print_usage(found: usage.Measured) -> None:
    print(f"\n{found.records:,} records over {usage.DAYS} days; rebuilt: {found.rebuilt}")
    print(f"taking in 20,000 more: {found.roll_up_seconds:.2f} s")
    print("\n| view | median ms | most ms |\n|---|---|---|")
    for view in found.views:
        print(f"| {view.name} | {view.median:.0f} | {view.most:.0f} |")


def print_bodies(found: bodies.Measured) -> None:
    print("\n| bytes sealed | µs | unsealed, µs |\n|---|---|---|")
    for row in found.sealing:
        print(f"| {row.size:,} | {row.seal:.1f} | {row.unseal:.1f} |")
    print(
        f"\n{found.bodies:,} bodies of {found.body_bytes:.0f} characters; {found.indexed_per_second:.0f} made searchable"
    )
    print(f"a second; the index takes {found.index_bytes_per_body:.0f} bytes a body")
    print("\n| search | median ms | most ms |\n|---|---|---|")
    for view in found.views:
        print(f"| {view.name} | {view.median:.0f} | {view.most:.0f} |")


def print_estimator(rows: list[estimator.Error]) -> None:
    print(
        "\n| prompts | family | number | estimate / count p5 | p50 | p95 | bound / count p50 | least | bound too low |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.name} | {row.family} | {row.prompts} | {row.expected_p5:.2f} | {row.expected_p50:.2f} "
            f"| {row.expected_p95:.2f} | {row.bound_p50:.2f} | {row.bound_least:.2f} | {row.short} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part of the figures")
    parser.add_argument("--count", type=int, default=6000, help="calls per measurement (default %(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        help="a folder with prompts, pii, injection and paraphrase, for what is judged by data; skipped without",
    )
    parser.add_argument("--pages", type=Path, help="what `train_screening` takes, for the same figures")
    parser.add_argument("--more", type=Path, help="what `train_screening` takes, for the same figures")
    parser.add_argument(
        "--records",
        type=int,
        default=1_000_000,
        help="records for `usage` and `records`, and bodies, at most 200,000 (default %(default)s)",
    )
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long `soak` goes on (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="what `soak` throws its dice by (default %(default)s)"
    )
    arguments = parser.parse_args()
    wanted = (arguments.only,) if arguments.only else USUAL
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    if "wire" in wanted:
        print("Holding a request against what a model can do, CPU:")
        for row in wire.measure():
            print(f"  {row.name:<48} {row.microseconds:8.1f} µs")
    if "estimator" in wanted:
        if arguments.data:
            print_estimator(estimator.measure(arguments.data))
        else:
            print("The estimator is skipped: give --data FOLDER.")
    if "screening" in wanted:
        if arguments.data:
            screening.print_all(arguments.data, arguments.pages, arguments.more)
        else:
            print("Screening is skipped: give --data FOLDER.")
    if "semantic" in wanted:
        semantic.run(arguments.data)
    if "soak" in wanted:
        report, verdict = soak.run(minutes=arguments.minutes, seed=arguments.seed)
        print(f"\n{report}\n{verdict}")
    if "privacy" in wanted:
        privacy.show(arguments.data)
    if "experiments" in wanted:
        experiments.print_rows(*experiments.measure())
        print(f"\nexact bounds of a share at 1 %, ever wrong: {experiments.measure_bounds():.2%}")
    if "usage" in wanted:
        print_usage(usage.measure(arguments.records))
    if "records" in wanted:
        records.run(arguments.records)
    if "bodies" in wanted:
        print_bodies(bodies.measure(min(arguments.records, 200_000)))
    if "retrieval" in wanted:
        if arguments.data:
            retrieval.show(retrieval.measure(arguments.data))
        else:
            print("Retrieval is skipped: give --data FOLDER.")
    if "vectors" in wanted:
        vectors.show(vectors.measure(arguments.count))
    if "clients" in wanted:
        clients.table()
    if "choosing" in wanted:
        choosing.show(choosing.measure())
    if "in-flight" in wanted:
        in_flight.show()
    if "resilience" in wanted:
        resilience.measure()
    if "failover" in wanted:
        for found in failover.measure():
            failover.show(found)
    if {
        "calls",
        "limits",
        "prompts",
        "streams",
        "http2",
        "agents",
        "edge",
        "pooler",
        "readiness",
        "cache",
        "similar",
    } & set(wanted):
        with ground() as prepared:
            if "cache" in wanted:
                cache.show(
                    cache.rows(
                        prepared.stack,
                        postmaster=prepared.postmaster,
                        env=prepared.env,
                        count=arguments.count,
                    )
                )
            if "similar" in wanted:
                similar.show(similar.measure(prepared.stack, entries=arguments.records), arguments.records)
            if "edge" in wanted:
                edge.show(edge.measure(prepared.stack))
            if "agents" in wanted:
                agents.show(agents.measure(prepared.stack, sessions=agents.SESSIONS))
            if "readiness" in wanted:
                readiness.show(readiness.measure(key=prepared.key, env=prepared.env))
            if "pooler" in wanted and PROGRAM is None:
                print(f"The pooler is skipped. {MISSING}")
            elif "pooler" in wanted:
                found = pooler.rows(
                    key=prepared.key, env=prepared.env, postmaster=prepared.postmaster,
                    folder=prepared.stack.data_dir / "pgbouncer", count=arguments.count,
                )  # fmt: skip
                pooler.show(found, arguments.count)
            if "http2" in wanted:
                http2.show(http2.measure(key=prepared.key, env=prepared.env, count=arguments.count))
            if "calls" in wanted:
                print_calls(
                    calls.rows(
                        key=prepared.key,
                        postmaster=prepared.postmaster,
                        env=prepared.env,
                        count=arguments.count,
                    )
                )
            if "limits" in wanted:
                stack = prepared.stack
                print_limits(
                    limits.rows(
                        stack, postmaster=prepared.postmaster, env=prepared.env, count=arguments.count
                    )
                )
                print_limiting(limits.limiting(stack.valkey, count=arguments.count))
            if "prompts" in wanted:
                print_prompts(
                    prompts.rows(
                        prepared.stack, key=prepared.key, postmaster=prepared.postmaster, env=prepared.env, count=arguments.count
                    )
                )  # fmt: skip
            if "streams" in wanted:
                database = prepared.stack.postgres
                print_streams(streams.measure(key=prepared.key, database_url=database, env=prepared.env))


if __name__ == "__main__":
    main()
