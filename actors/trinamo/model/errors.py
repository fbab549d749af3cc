"""Errors of the API: code, exact text, HTTP status, and the body that carries them.

Every fixed text of the service that more than one place needs has its one function here. An `ApiError` is
an answer, not an accident: the gateway renders it and the request is over.

The body is a JSON object whose first member is `__type`, a prefix and the code. The prefix tells which layer
of the service speaks; the text is called `message`, or `Message` for a few codes. Both depend on the code
alone (with one exception, `AccessDeniedException`, which has two layers).

Wording generations. In mid-2026 the service began to put `1 validation error detected: ` before some texts
about the shape of a request, in some operations. Such errors are made by `request_fault` and `select_fault`, name
these operations as `worded_newer_in`, and `body(newer_wording=True)` words them so; the older wording is the default.
"""

from collections.abc import Mapping
from typing import Any, Final

from trinamo.model.jsontext import dump_json
from trinamo.model.limits import CONTROL_OPERATIONS_MAX, TABLES_MAX

VALIDATION_PREFIX: Final = "1 validation error detected: "
INVALID_PARAMETERS: Final = "One or more parameter values were invalid: "

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
_QUERY: Final = frozenset({"Query"})
_SERVICE_CODES = frozenset(
    {
        "SerializationException",
        "UnknownOperationException",
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
        "AccessDeniedException",
        "ExpiredTokenException",
    }
)
_CAPITAL_MESSAGE_CODES = frozenset(
    {
        "SerializationException",
        "TransactionCanceledException",
        "IdempotentParameterMismatchException",
        "TransactionInProgressException",
    }
)


class ApiError(Exception):
    """An answer that is an error. `members` are further members of the body, such as `Item`.

    `newer` is the text of the newer generation, which is spoken by the operations `worded_newer_in`.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        status: int = 400,
        members: Mapping[str, Any] | None = None,
        newer: str | None = None,
        worded_newer_in: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.members = members
        self.newer = newer
        self.worded_newer_in = worded_newer_in

    @property
    def prefix(self) -> str:
        """The part of `__type` before the code."""
        if self.code == "ValidationException":
            return "com.amazon.coral.validate#"
        if self.code in _SERVICE_CODES:
            return "com.amazon.coral.service#"
        return "com.amazonaws.dynamodb.v20120810#"

    def body(self, *, newer_wording: bool = False) -> bytes:
        """Return the JSON body. Binary attribute values among the members become base64 text."""
        tree: dict[str, Any] = {"__type": self.prefix + self.code}
        if self.message is not None:
            name = "Message" if self.code in _CAPITAL_MESSAGE_CODES else "message"
            tree[name] = self.newer if newer_wording and self.newer is not None else self.message
        if self.members:
            tree.update(self.members)
        return dump_json(tree)


def validation(text: str) -> ApiError:
    """The request is well-typed but means nothing, or cannot be done; `text` says why."""
    return ApiError("ValidationException", text)


def request_fault(text: str, newer: str | None = None) -> ApiError:
    """A `validation` error whose text bears a prefix in the newer generation of single writes.

    `newer` is the newer text behind the prefix, where that differs.
    """
    return ApiError(
        "ValidationException",
        text,
        newer=VALIDATION_PREFIX + (text if newer is None else newer),
        worded_newer_in=_WRITES,
    )


def select_fault(text: str) -> ApiError:
    """A `validation` error about `Select`, whose text bears a prefix in the newer generation of Query."""
    return ApiError("ValidationException", text, newer=VALIDATION_PREFIX + text, worded_newer_in=_QUERY)


def invalid_parameters(text: str) -> ApiError:
    """`One or more parameter values were invalid: ` and the text."""
    return validation(INVALID_PARAMETERS + text)


def serialization(text: str | None = None) -> ApiError:
    """The body is no JSON object (no text), or a JSON type does not fit the shape."""
    return ApiError("SerializationException", text)


def unknown_operation() -> ApiError:
    """The target header names no operation of the service."""
    return ApiError("UnknownOperationException")


def not_in_this_version(what: str) -> ApiError:
    """The service has this, Trinamo does not yet. Never a wrong success."""
    return ApiError("UnknownOperationException", f"{what} is not in this version of Trinamo")


def resource_not_found() -> ApiError:
    """Data operations on a table that does not exist, or not yet, or no more."""
    return ApiError("ResourceNotFoundException", "Requested resource not found")


def table_not_found(name: str) -> ApiError:
    """Control operations on a table that does not exist."""
    return ApiError("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def tagged_resource_not_found(arn: str) -> ApiError:
    """TagResource and UntagResource of a table that does not exist. The spelling is the service's."""
    return ApiError("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found")


def access_denied(account: str, operation: str, resource: str) -> ApiError:
    """The authorisation layer does not let an account do something; its texts are `Message`, with a capital."""
    text = (
        f"User: arn:aws:iam::{account}:root is not authorized to perform: dynamodb:{operation}"
        f" on resource: {resource} because no identity-based policy allows the dynamodb:{operation} action"
    )
    return ApiError("AccessDeniedException", members={"Message": text})


def table_exists(name: str) -> ApiError:
    """CreateTable of a name that is taken, in whatever status."""
    return ApiError("ResourceInUseException", f"Table already exists: {name}")


def table_in_use(name: str, being: str) -> ApiError:
    """UpdateTable or DeleteTable of a table that is `being` created, updated or deleted."""
    text = f"Attempt to change a resource which is still in use: Table is being {being}: {name}"
    return ApiError("ResourceInUseException", text)


def index_in_use(table: str, index: str) -> ApiError:
    """UpdateTable or DeleteTable of a table of which a global index is on its way."""
    text = (
        "Attempt to change a resource which is still in use: Index is being updated."
        f"  Table: {table} Index: {index}"  # two blanks: observed
    )
    return ApiError("ResourceInUseException", text)


def deletion_protected() -> ApiError:
    """DeleteTable of a protected table."""
    return validation(
        "Resource cannot be deleted as it is currently protected against deletion."
        " Disable deletion protection first."
    )


def conditional_check_failed(item: Mapping[str, Any] | None = None) -> ApiError:
    """The condition of a write is false. `item` is the stored item, if asked for and there is one."""
    members = None if item is None else {"Item": item}
    return ApiError("ConditionalCheckFailedException", "The conditional request failed", members=members)


def key_mismatch() -> ApiError:
    """A `Key` does not hold exactly the key attributes with their declared types."""
    return validation("The provided key element does not match the schema")


def item_too_large() -> ApiError:
    """A put of more than 400 KB."""
    return validation("Item size has exceeded the maximum allowed size")


def updated_item_too_large() -> ApiError:
    """An update whose result is more than 400 KB."""
    return validation("Item size to update has exceeded the maximum allowed size")


def collection_too_large() -> ApiError:
    """A write that lets the items and local index entries of one partition key value grow beyond 10 GB."""
    return ApiError("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")


def duplicate_item() -> ApiError:
    """An INSERT of a key that is taken."""
    return ApiError("DuplicateItemException", "Duplicate primary key exists in table")


def duplicate_keys() -> ApiError:
    """A batch names one item twice."""
    return validation("Provided list of item keys contains duplicates")


def transaction_conflict() -> ApiError:
    """A write met an item that a running transaction holds."""
    return ApiError("TransactionConflictException", "Transaction is ongoing for the item")


def limit_exceeded(text: str) -> ApiError:
    """Too many control operations, tables, or indexes."""
    return ApiError("LimitExceededException", text)


def tables_exceeded() -> ApiError:
    """CreateTable of one table too many in an account and Region."""
    return limit_exceeded(
        f"Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber"
    )


def operations_exceeded() -> ApiError:
    """One table too many that would be CREATING, UPDATING or DELETING."""
    return limit_exceeded(
        f"Subscriber limit exceeded: Only {CONTROL_OPERATIONS_MAX} tables can be created, updated, or deleted"
        " simultaneously"
    )


_THROTTLE_TEXTS: Final = {
    "ProvisionedThroughputExceededException": (
        "The level of configured provisioned throughput for the table was exceeded."
        " Consider increasing your provisioning level with the UpdateTable API."
    ),
    "ThrottlingException": (
        "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table"
        " or index so please try again shortly. If exceptions persist, check if you have a hot key:"
        " https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html."
    ),
    "RequestLimitExceeded": (
        "Throughput exceeds the current throughput limit for your account."
        " Please contact AWS Support at https://aws.amazon.com/support request a limit increase"
    ),
}


def throttled(code: str, reason: str, resource: str) -> ApiError:
    """Too much was asked of `resource` (an ARN). `code` is one of the three that say so, `reason` the service's word."""
    name = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
    members = {name: [{"reason": reason, "resource": resource}]}
    return ApiError(code, _THROTTLE_TEXTS[code], members=members)


def says_not_done(error: ApiError) -> bool:
    """Whether an error says that nothing was done and that it may be asked again."""
    return error.status == 503 or error.code in _THROTTLE_TEXTS


def internal_server_error() -> ApiError:
    """We failed, or the outcome is unknown."""
    text = "The server encountered an internal error trying to fulfill the request."
    return ApiError("InternalServerError", text, status=500)


def stream_not_found(arn: str) -> ApiError:
    """There is no such stream, or nothing of it is kept any more."""
    return ApiError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")


def stream_limit_exceeded() -> ApiError:
    """A shard is read too often, or by too many at once."""
    return limit_exceeded("Rate exceeded for shard")


def shard_not_found(shard: str, arn: str) -> ApiError:
    """The stream has no such shard, or nothing of it is kept any more."""
    text = f"Requested resource not found: Shard: {shard} in Stream: {arn} not found"
    return ApiError("ResourceNotFoundException", text)


def trimmed_data_access() -> ApiError:
    """What is asked for of a shard is not kept any more."""
    return ApiError("TrimmedDataAccessException", "The data you are trying to access has been trimmed")


def expired_iterator() -> ApiError:
    """A shard iterator was issued too long ago."""
    return ApiError("ExpiredIteratorException", "The provided iterator exceeds the maximum age allowed.")


def service_unavailable() -> ApiError:
    """The request was not taken: too much waits, or there is nobody to take it. Certainly without effect."""
    text = "The server is currently unable to handle the request."
    return ApiError("ServiceUnavailable", text, status=503)
