"""Which service a command talks to: a cluster by its URL, or AWS by its region."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from trinamo.cli.service import Service

Command = Callable[..., Any]


@attrs.frozen
class Target:
    """What the options say of the service. `open` does not connect yet."""

    endpoint: str
    aws: str | None
    profile: str | None

    def open(self) -> "Service":
        """Return the service, for as long as the command runs, with the credentials that are at hand.

        AWS needs some; a cluster takes anything.
        """
        from trinamo.cli.credentials import ANYBODY, find_credentials
        from trinamo.cli.service import Service

        credentials = find_credentials(self.profile)
        if self.aws is not None:
            if credentials is None:
                raise click.ClickException(
                    "AWS needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws/credentials"
                )
            suffix = "amazonaws.com.cn" if self.aws.startswith("cn-") else "amazonaws.com"
            service = Service(f"https://dynamodb.{self.aws}.{suffix}", self.aws, credentials)
        else:
            region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
            service = Service(self.endpoint, region, credentials or ANYBODY)
        click.get_current_context().call_on_close(service.close)
        return service


def targeted(command: Command) -> Command:
    """Give a command the options that say whom to talk to, and the argument `target`."""

    def with_target(
        *arguments: Any, endpoint: str, aws: str | None, profile: str | None, **options: Any
    ) -> Any:
        source = click.get_current_context().get_parameter_source("endpoint")
        if aws is not None and source == ParameterSource.COMMANDLINE:
            raise click.UsageError("--aws and --endpoint say two different places")
        return command(*arguments, target=Target(endpoint, aws, profile), **options)

    with_target.__doc__ = command.__doc__
    with_target.__name__ = command.__name__
    with_target.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]  # click's
    for option in (
        click.option("--profile", help="A profile of the files that AWS's tools share.", metavar="NAME"),
        click.option("--aws", metavar="REGION", help="Talk to AWS in this region, with your credentials."),
        click.option(
            "--endpoint",
            "--url",
            "endpoint",
            envvar="TRINAMO_URL",
            default="http://127.0.0.1:8000",
            show_default=True,
            show_envvar=True,
            help="Where the cluster serves.",
        ),
    ):
        with_target = option(with_target)
    return with_target


def complete_table(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the tables whose names begin with what has been typed. Nothing is said where nothing answers."""
    from trinamo.cli.table import table_names

    given = context.params
    try:
        with context.scope():
            names = table_names(Target(given["endpoint"], given["aws"], given["profile"]).open())
    except click.ClickException:
        return []  # the shell is in the middle of a line
    return [name for name in names if name.startswith(incomplete)]
