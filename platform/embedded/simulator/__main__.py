"""`python -m embedded.simulator`: the simulator without Django."""

import os
import sys
from argparse import ArgumentParser

from embedded.simulator.cli import add_arguments, to_options
from embedded.simulator.server import Options, PortTaken, serve


def main() -> None:
    """Parses the command line and serves."""
    parser = ArgumentParser(prog="embedded.simulator", description="A simulator of AWS Bedrock.")
    try:
        add_arguments(parser, Options.from_environment(os.environ))
        chosen = parser.parse_args()
        serve(
            to_options(
                chosen.host, chosen.port, chosen.pace, chosen.time_to_first_token_ms, lenient=chosen.lenient
            )
        )
    except (PortTaken, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
