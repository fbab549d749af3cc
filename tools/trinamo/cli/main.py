"""The command `trinamo` and its commands, each in a module of its own.

From the call to the first served request it is to take half a second, so nothing is imported before it is known to be
needed: a command's module when the command is called, and what the command needs inside its function.

Whatever the user can put right is one line on stderr and exit status 2, or 1 if it is not about the call.
"""

import importlib
import sys
from typing import Final

import click

_COMMANDS: Final = {
    "bench": ("trinamo.bench.cli", "bench"),
    "clock": ("trinamo.cli.fault", "clock"),
    "dev": ("trinamo.cli.dev", "dev"),
    "export": ("trinamo.cli.transfer", "export"),
    "fault": ("trinamo.cli.fault", "fault"),
    "import": ("trinamo.cli.transfer", "import_"),
    "item": ("trinamo.cli.item", "item"),
    "query": ("trinamo.cli.query", "query"),
    "sim": ("trinamo.sim.command", "sim"),
    "table": ("trinamo.cli.table", "table"),
    "version": ("trinamo.cli.version", "version"),
}
"""Name → module and attribute of each command."""

_INTERRUPTED: Final = 130  # what shells say of a program that SIGINT ended: 128 + 2


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, or when all of them are shown."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


_EPILOG: Final = """\b
Begin with:
  trinamo dev                    a cluster on this machine
  trinamo table create --help    every command shows examples

\b
Complete words with the tab key, by a line in your shell's start-up file:
  eval "$(_TRINAMO_COMPLETE=bash_source trinamo)"                  ~/.bashrc
  eval "$(_TRINAMO_COMPLETE=zsh_source trinamo)"                   ~/.zshrc
  _TRINAMO_COMPLETE=fish_source trinamo | source    ~/.config/fish/config.fish
"""


@click.group(cls=LazyGroup, epilog=_EPILOG)
def trinamo() -> None:
    """DynamoDB as a real distributed system that fits in your hand.

    Results are tables in colour on a terminal, and JSON with --json or into a pipe. Commands that read and write
    tables talk to http://127.0.0.1:8000, to TRINAMO_URL, or to AWS with --aws REGION.
    """


def main() -> None:
    """Run the command line and leave with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run `arguments` and return the exit status."""
    try:
        status = trinamo.main(arguments, prog_name="trinamo", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo("trinamo: " + " ".join(error.format_message().split()), err=True)
        return error.exit_code
    except click.Abort:
        return _INTERRUPTED
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
