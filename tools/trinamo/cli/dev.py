"""`trinamo dev`: a cluster in this process, behind one port of this machine."""

import gc
import sys
from pathlib import Path
from typing import Any, Literal

import click

from trinamo.cli.examples import examples


@click.command(
    epilog=examples(
        "trinamo dev",
        "trinamo dev --port 8001 --data ./data",
        "trinamo dev --mode realistic --partitions 4 --spread-leaders",
        "trinamo dev --trigger orders=http://127.0.0.1:9000/",
    )
)
@click.option(
    "--host", "hosts", multiple=True, help="Where to listen; several times for several. [default: loopback]"
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="0 picks a free one."
)
@click.option(
    "--tcp-port",
    type=click.IntRange(0, 65_535),
    help="Also take the calls of trinamo.client at tcp://HOST:PORT, which are faster than HTTP; 0 picks a free one.",
)
@click.option("--nodes", type=int, default=3, show_default=True, help="Nodes of the cluster.")
@click.option(
    "--partitions", type=int, default=1, show_default=True, help="Initial partitions of each table."
)
@click.option(
    "--init",
    type=click.Path(path_type=Path, exists=True),
    help="A JSON file, or a directory of them: tables and items to begin with.",
)
@click.option("--shared", is_flag=True, help="One namespace for all accounts and regions.")
@click.option("--spread-leaders", is_flag=True, help="Lead partitions on all nodes, not on the first.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the data here. [default: in memory]",
)
@click.option(
    "--durability",
    type=click.Choice(["os", "fsync"]),
    help="What acknowledged writes survive, with --data: the death of the process or of the machine. [default: os]",
)
@click.option(
    "--transport",
    type=click.Choice(["memory", "tcp"]),
    default="memory",
    show_default=True,
    help="Between the nodes.",
)
@click.option(
    "--mode",
    type=click.Choice(["settled", "realistic"]),
    default="settled",
    show_default=True,
    help="Do reads see every acknowledged write, or what a replica happens to have?",
)
@click.option(
    "--shard-hours",
    type=float,
    default=4.0,
    show_default=True,
    help="How long a shard of a stream is open before another goes on from it.",
)
@click.option(
    "--stream-bytes",
    type=int,
    default=256 << 20,
    show_default=True,
    help="What streams keep, all copies together: of more, the oldest goes before its day is over.",
)
@click.option(
    "--auth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An AWS credentials file: only its profiles may sign. [default: every signature is taken unread]",
)
@click.option(
    "--wording",
    type=click.Choice(["older", "newer"]),
    default="older",
    show_default=True,
    help="Of some errors, which the service changed in 2026.",
)
@click.option(
    "--trigger",
    "triggers",
    multiple=True,
    metavar="TABLE=URL",
    help="Post what happens to a table to a URL, as Lambda's event; or a JSON file of such, with all their settings.",
)
@click.option(
    "--kinesis-endpoint",
    metavar="URL",
    help="Where the Kinesis data streams are that tables have as destinations.",
)
@click.option(
    "--control-token",
    envvar="TRINAMO_CONTROL_TOKEN",
    help="What /_trinamo/ demands of those who change something. Without it, only loopback may.",
)
def dev(
    hosts: tuple[str, ...],
    port: int,
    tcp_port: int | None,
    nodes: int,
    partitions: int,
    init: Path | None,
    shared: bool,
    spread_leaders: bool,
    data: Path | None,
    durability: str | None,
    transport: Literal["memory", "tcp"],
    mode: Literal["settled", "realistic"],
    auth: Path | None,
    wording: Literal["older", "newer"],
    shard_hours: float,
    stream_bytes: int,
    triggers: tuple[str, ...],
    kinesis_endpoint: str | None,
    control_token: str | None,
) -> None:
    """Serve a cluster on this machine until Ctrl-C.

    When it serves, one line on stdout says where. Data is in memory unless --data is given.
    """
    gc.disable()  # the thousands of classes to be made are no garbage; `serve` switches it on: 60 ms
    _write_warnings_to_stderr()

    import trio

    from trinamo.node.config import Config
    from trinamo.node.triggers import read_trigger
    from trinamo.world import Durability
    from trinamo.world.door import LOOPBACK_HOSTS

    chosen: dict[str, Any] = {"durability": Durability(durability)} if durability else {}
    try:
        config = Config(
            nodes=nodes,
            partitions=partitions,
            spread_leaders=spread_leaders,
            shared=shared,
            data=data,
            transport=transport,
            mode=mode,
            auth=auth,
            wording=wording,
            shard_hours=shard_hours,
            stream_bytes=stream_bytes,
            kinesis_endpoint=kinesis_endpoint,
            triggers=tuple(spec for text in triggers for spec in read_trigger(text)),
            **chosen,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error

    from trinamo.node.process import StartFailed, serve

    try:
        trio.run(serve, config, hosts or LOOPBACK_HOSTS, port, tcp_port, init, control_token, click.echo)
    except StartFailed as error:
        raise click.UsageError(str(error)) from error


def _write_warnings_to_stderr() -> None:
    """Have the log go to stderr, from warnings up, without the values of local variables, which may be users' data."""
    # structlog imports all of rich where it finds it, for tracebacks that are not wanted here: half of its 200 ms.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # documented: the import of it then fails
    import structlog

    if sys.modules["rich"] is None:
        del sys.modules["rich"]

    import logging

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
