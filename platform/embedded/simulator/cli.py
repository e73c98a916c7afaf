"""The command line, shared by `manage.py simulate_bedrock` and `python -m embedded.simulator`."""

from argparse import ArgumentParser

from embedded.simulator.server import Options


def add_arguments(parser: ArgumentParser, defaults: Options) -> None:
    """Declares the options."""
    parser.add_argument("--host", default=defaults.host, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=int,
        default=defaults.port,
        help="port to listen on, 0 for a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--pace",
        type=float,
        default=defaults.tokens_per_second,
        metavar="TOKENS_PER_SECOND",
        help="pace of generation, 0 for none (default: %(default)s)",
    )
    parser.add_argument(
        "--time-to-first-token-ms",
        type=float,
        default=defaults.time_to_first_token_ms,
        help="wait before the first token (default: %(default)s)",
    )

    parser.add_argument(
        "--lenient",
        action="store_true",
        default=defaults.lenient,
        help="holds bodies neither to the service's shapes nor to what each model takes, for benchmarks",
    )


def to_options(
    host: str, port: int, pace: float, time_to_first_token_ms: float, *, lenient: bool = False
) -> Options:
    """The parsed options."""
    return Options(host, port, pace, time_to_first_token_ms, lenient)
