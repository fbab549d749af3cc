"""Claims about `aws://`: requests bear AWS's signature, and credentials are found where AWS's tools find them."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from client.aws import CONTAINER_TOKEN, Aws, serving_aws
from trinamo.client import Client, Credentials, NoCredentials, connect
from trinamo.client.environment import SystemEnvironment
from trinamo.client.errors import DynamoError, OutcomeUnknown
from trinamo.client.retries import Policy

TABLES = "DynamoDB_20120810.ListTables"
ONCE = Policy(tries_max=1)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with serving_aws() as serving:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", serving.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", serving.url)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield serving


@pytest.fixture(params=["trio", "asyncio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@attrs.define(init=False)
class Later(SystemEnvironment):
    """The machine's environment, later."""

    later: float = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.later = 0.0

    def wall(self) -> float:
        return super().wall() + self.later


def use(backend: str, scenario: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        with anyio.fail_after(20):
            async with connect("aws://eu-west-1", **options) as db:
                return await scenario(db)

    return anyio.run(main, backend=backend)


async def list_tables(db: Client) -> Any:
    return await db.list_tables(Limit=1)


def in_iso(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat().replace("+00:00", "Z")


def test_what_is_signed_with_the_keys_of_the_environment_is_taken(
    aws: Aws, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.secrets["AKIA"] = ("the secret", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the secret")
    assert use(backend, list_tables) == {"echo": {"Limit": 1}}
    assert aws.asked == [("AKIA", "eu-west-1", TABLES)]


def test_streams_have_their_own_target_and_the_same_signature(
    aws: Aws, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.secrets["AKIA"] = ("the secret", "a token")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token")
    use(backend, lambda db: db.list_streams())
    assert aws.asked == [("AKIA", "eu-west-1", "DynamoDBStreams_20120810.ListStreams")]


def test_a_wrong_secret_is_refused_by_name(aws: Aws, backend: str) -> None:
    aws.secrets["AKIA"] = ("the secret", None)
    with pytest.raises(DynamoError) as refused:
        use(backend, list_tables, credentials=Credentials("AKIA", "another"))
    assert refused.value.code == "InvalidSignatureException"


@pytest.mark.parametrize("profile", ["default", "work"])
def test_keys_of_a_profile_are_found_in_either_file(
    aws: Aws, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile work]\naws_access_key_id = W\naws_secret_access_key = ws\n")
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id=D\naws_secret_access_key=ds\naws_session_token=t\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    aws.secrets |= {"W": ("ws", None), "D": ("ds", "t")}
    use("trio", list_tables)
    assert aws.asked[0][0] == {"default": "D", "work": "W"}[profile]


def test_home_has_the_files(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id=D\naws_secret_access_key=ds\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    aws.secrets["D"] = ("ds", None)
    use("trio", list_tables)


@pytest.mark.parametrize(
    ("variables", "config", "why"),
    [
        ({"AWS_ACCESS_KEY_ID": "A"}, "", "no AWS_SECRET_ACCESS_KEY"),
        ({}, "[default]\naws_access_key_id=A\n", "profile default has an access key, but no secret"),
        ({"AWS_PROFILE": "x"}, "", "profile x has no aws_access_key_id"),
        (
            {"AWS_PROFILE": "x"},
            "[profile x]\nrole_arn=arn:aws:iam::1:role/r\n",
            "profile x has role_arn, which is not in",
        ),
        ({}, "[default]\nsso_session=s\n", "profile default has sso_session, which is not in this version"),
        ({}, "", "no credentials of AWS in the environment, in a profile's keys, or of a container"),
        ({}, "nonsense", "config: File contains no section headers"),
        (
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.0.0.1/x"},
            "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to 10.0.0.1 without TLS",
        ),
    ],
)
def test_where_there_are_none_the_reason_is_told(
    aws: Aws,
    variables: dict[str, str],
    config: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NoCredentials, match=why):
        use("trio", list_tables)


def test_a_container_gives_credentials_to_who_shows_its_token(
    aws: Aws, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.give("ASIA", "s", "t", in_iso(SystemEnvironment().wall() + 3_600))
    (tmp_path / "token").write_text(CONTAINER_TOKEN + "\n")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + "/container/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    use(backend, list_tables)
    assert (aws.asked[0][0], aws.fetched) == ("ASIA", ["/container/credentials"])


def test_a_container_that_refuses_is_told_of(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + "/container/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong")
    with pytest.raises(NoCredentials, match="gives no credentials: status 401"):
        use("trio", list_tables)


@pytest.fixture
def instance(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)
    return aws


def test_an_instance_gives_credentials_once_until_shortly_before_they_end(
    instance: Aws, backend: str
) -> None:
    later = Later()
    instance.give("FIRST", "s", "t", in_iso(later.wall() + 3_600))
    instance.give("SECOND", "s", "u", in_iso(later.wall() + 7_200))

    async def scenario(db: Client) -> None:
        for later.later in (0.0, 3_200.0, 3_400.0, 3_700.0):  # 3,300 is five minutes before
            await db.list_tables()

    use(backend, scenario, environment=later)
    assert [key for key, _, _ in instance.asked] == ["FIRST", "FIRST", "SECOND", "SECOND"]
    assert len(instance.fetched) == 4  # each time the role, and its credentials


def test_one_fetch_serves_all_who_wait(instance: Aws, backend: str) -> None:
    instance.give("ONLY", "s", "t", in_iso(SystemEnvironment().wall() + 3_600))

    async def scenario(db: Client) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(list_tables, db)

    use(backend, scenario)
    assert (len(instance.asked), len(instance.fetched)) == (8, 2)


def test_credentials_that_last_are_used_while_their_source_fails(instance: Aws, backend: str) -> None:
    later = Later()
    instance.give("FIRST", "s", "t", in_iso(later.wall() + 3_600))
    instance.given.append({"fails": True})

    async def scenario(db: Client) -> None:
        for later.later in (0.0, 3_400.0, 3_410.0):
            await db.list_tables()
        later.later = 3_601.0
        with pytest.raises(NoCredentials, match="status 500"):
            await db.list_tables()

    use(backend, scenario, environment=later)
    assert [key for key, _, _ in instance.asked] == ["FIRST"] * 3
    assert len(instance.fetched) == 6  # not again 10 s after it had failed


def test_a_damaged_answer_is_none(aws: Aws, backend: str) -> None:
    aws.secrets["AKIA"] = ("the secret", None)
    aws.damage = True
    with pytest.raises(OutcomeUnknown, match="damaged"):
        use(
            backend,
            lambda db: db.update_item(TableName="t", Key={}),
            credentials=Credentials("AKIA", "the secret"),
            retries=ONCE,
        )
