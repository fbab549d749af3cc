"""A PynamoDB model against a cluster, throttled and not."""

from typing import Any

import pytest

from notes import Conflict, Note, edit


@pytest.fixture
def notes(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Note.Meta, "host", dynamodb_url, raising=False)
    monkeypatch.setattr(Note, "_connection", None)
    Note.create_table(wait=True)


@pytest.mark.usefixtures("notes")
def test_notes_are_found_by_author_and_by_tag() -> None:
    Note("ann", "a", text="first", tag="work").save()
    Note("ann", "b", text="second").save()
    Note("bob", "c", text="third", tag="work", readers={"ann"}).save()
    assert [note.title for note in Note.query("ann")] == ["a", "b"]
    assert [note.author for note in Note.by_tag.query("work")] == ["ann", "bob"]


@pytest.mark.usefixtures("notes")
def test_of_two_edits_one_wins() -> None:
    Note("ann", "a", text="first").save()
    mine, theirs = Note.get("ann", "a"), Note.get("ann", "a")
    edit(theirs, "theirs")
    with pytest.raises(Conflict):
        edit(mine, "mine")
    assert Note.get("ann", "a").text == "theirs"


@pytest.mark.usefixtures("notes")
def test_throttles_are_retried(dynamodb_faults: Any) -> None:
    fault = dynamodb_faults.throttle(table="notes", count=2)
    Note("ann", "a", text="first").save()
    assert fault.fired == 2
