"""`trinamo version`."""

import click


@click.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of  # 20 ms that no other command needs

    click.echo(f"trinamo {version_of('trinamo')}")
