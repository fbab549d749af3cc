"""Notes with PynamoDB: an existing model works unchanged, wherever the environment says that DynamoDB is."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model


class ByTag(GlobalSecondaryIndex["Note"]):  # type: ignore[no-untyped-call]  # of a metaclass
    class Meta:
        index_name = "by-tag"
        projection = AllProjection()

    tag = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute(range_key=True)


class Note(Model):
    class Meta:
        table_name = "notes"
        region = "us-east-1"
        billing_mode = "PAY_PER_REQUEST"

    author = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute(range_key=True)
    text = UnicodeAttribute()
    tag = UnicodeAttribute(null=True)
    readers = UnicodeSetAttribute(null=True)
    version = NumberAttribute(default=1)

    by_tag = ByTag()


class Conflict(Exception):
    """Somebody else was faster."""


def edit(note: Note, text: str) -> None:
    """Change a note, unless somebody did since it was read."""
    try:
        note.update(
            actions=[Note.text.set(text), Note.version.add(1)], condition=Note.version == note.version
        )
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise Conflict(note.title) from error
        raise
