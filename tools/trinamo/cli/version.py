"""`trinamo version`."""

import click

from trinamo.cli.examples import examples


@click.command(epilog=examples("trinamo version"))
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of  # 20 ms that no other command needs

    click.echo(f"trinamo {version_of('trinamo')}")
