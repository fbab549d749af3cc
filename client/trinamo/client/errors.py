"""What can go wrong, as a tree: by what a caller can do about it, and below that by DynamoDB's codes.

    ClientError
        Unreachable             the service was not reached, or a read got no answer: nothing was changed
        NoCredentials           nobody to sign for
        OutcomeUnknown          a write may have been done, or not
        Unprocessed             what of a batch the service would not take, time after time
        DynamoError             the service says no: code, message, status, members
            Throttled           …, each of DynamoDB's codes for it
            ConditionalCheckFailed
            …

Every `DynamoError` says whether the request may be tried again as it is (`retryable`), and whether it has certainly had no
effect (`undone`). A code that is not known here is a plain `DynamoError`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from trinamo.client.values import from_item


class ClientError(Exception):
    """Root of all errors of this client, but for wrong arguments."""


class Unreachable(ClientError):
    """The service could not be asked, or a read got no answer. Nothing was changed."""


class NoCredentials(ClientError):
    """There are no credentials, or they cannot be had; the text says where was looked."""


class OutcomeUnknown(ClientError):
    """The operation may have been done, or not: its effect must be looked for before it is repeated.

    `__cause__` is what came between.
    """

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"whether {operation} was done is not known: {reason}")
        self.operation = operation


class Unprocessed(ClientError):
    """A batch of which something is left that the service would not take. All else is done.

    `left` is what is left: keys, or requests of BatchWriteItem, in DynamoDB's JSON.
    """

    def __init__(self, table: str, left: Sequence[dict[str, Any]]) -> None:
        super().__init__(f"{len(left)} of a batch of table {table} were not processed")
        self.table = table
        self.left = left


class DynamoError(ClientError):
    """The service says no. `members` are further members of its answer."""

    retryable: ClassVar[bool] = False
    undone: ClassVar[bool] = True

    def __init__(self, code: str, message: str, status: int, members: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class ValidationError(DynamoError):
    """The request means nothing, or cannot be done."""


class ConditionalCheckFailed(DynamoError):
    """The condition did not hold. Nothing was changed."""

    @property
    def item(self) -> dict[str, Any] | None:
        """The item that stood against it. None where there was none, or where it was not asked for."""
        found = self.members.get("Item")
        return None if found is None else from_item(found)


class ResourceNotFound(DynamoError):
    """There is no such table, index or stream."""


class ResourceInUse(DynamoError):
    """There is such a table already, or it is being changed."""


class LimitExceeded(DynamoError):
    """Too much of something, such as tables that are being created."""


class ItemCollectionTooLarge(DynamoError):
    """The items of one partition key, with those of local indexes, would take more than 10 GB."""


class DuplicateItem(DynamoError):
    """An INSERT of PartiQL meets an item."""


class Throttled(DynamoError):
    """Too much at once. Nothing was done."""

    retryable = True

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """What is exhausted, of which resource, where the service says it."""
        found = self.members.get("ThrottlingReasons") or self.members.get("throttlingReasons")
        return found or []


class ProvisionedThroughputExceeded(Throttled):
    """A table, index or partition has no capacity left."""


class RequestLimitExceeded(Throttled):
    """The account has no capacity left."""


class TransactionConflict(DynamoError):
    """A transaction holds the item. Nothing was done."""

    retryable = True


class TransactionInProgress(DynamoError):
    """A transaction with this token is under way."""

    retryable = True


class TransactionCanceled(DynamoError):
    """A transaction was not done, for the `reasons` of each of its parts."""

    @property
    def reasons(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.members.get("CancellationReasons", [])
        return found


class IdempotentParameterMismatch(DynamoError):
    """The token was used for another request."""


class ReplicatedWriteConflict(DynamoError):
    """Another region writes the item at this moment. Nothing was done."""

    retryable = True


class ExpiredIterator(DynamoError):
    """An iterator of a stream is older than 15 minutes."""


class TrimmedData(DynamoError):
    """What was to be read of a stream is older than a day, and gone."""


class NotAuthorized(DynamoError):
    """Who asks is not known, has signed wrongly, or may not."""


class UnknownOperation(DynamoError):
    """The service does not have the operation."""


class ServerError(DynamoError):
    """The service failed. What was asked for may have been done."""

    retryable = True
    undone = False


_CLASSES: Mapping[str, type[DynamoError]] = {
    "ValidationException": ValidationError,
    "SerializationException": ValidationError,
    "ConditionalCheckFailedException": ConditionalCheckFailed,
    "ResourceNotFoundException": ResourceNotFound,
    "TableNotFoundException": ResourceNotFound,
    "IndexNotFoundException": ResourceNotFound,
    "ResourceInUseException": ResourceInUse,
    "TableInUseException": ResourceInUse,
    "TableAlreadyExistsException": ResourceInUse,
    "LimitExceededException": LimitExceeded,
    "ItemCollectionSizeLimitExceededException": ItemCollectionTooLarge,
    "DuplicateItemException": DuplicateItem,
    "ThrottlingException": Throttled,
    "ProvisionedThroughputExceededException": ProvisionedThroughputExceeded,
    "RequestLimitExceeded": RequestLimitExceeded,
    "TransactionConflictException": TransactionConflict,
    "TransactionInProgressException": TransactionInProgress,
    "TransactionCanceledException": TransactionCanceled,
    "IdempotentParameterMismatchException": IdempotentParameterMismatch,
    "ReplicatedWriteConflictException": ReplicatedWriteConflict,
    "ExpiredIteratorException": ExpiredIterator,
    "TrimmedDataAccessException": TrimmedData,
    "AccessDeniedException": NotAuthorized,
    "UnrecognizedClientException": NotAuthorized,
    "InvalidSignatureException": NotAuthorized,
    "IncompleteSignatureException": NotAuthorized,
    "MissingAuthenticationTokenException": NotAuthorized,
    "ExpiredTokenException": NotAuthorized,
    "UnknownOperationException": UnknownOperation,
}


def error_of(status: int, body: bytes) -> DynamoError:
    """Return the error that an answer other than 200 tells of, whoever has answered."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        tree = None
    members: dict[str, Any] = dict(tree) if isinstance(tree, dict) else {}
    # The code stands behind a namespace and, from some services, before the address of an explanation.
    code = str(members.pop("__type", "")).rpartition("#")[2].partition(":")[0]
    message = next((str(members.pop(name)) for name in ("message", "Message") if name in members), "")
    if status >= 500:
        kind: type[DynamoError] = ServerError
    else:
        kind = _CLASSES.get(code, Throttled if status == 429 else DynamoError)
    return kind(code or f"HTTP status {status}", message, status, members)
