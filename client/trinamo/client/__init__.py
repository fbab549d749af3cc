"""The async client of DynamoDB, on Trio and on asyncio.

    async with trinamo.client.connect("http://127.0.0.1:8000") as db:
        orders = db.table("orders")
        await orders.put({"user": "ann", "at": 1, "total": Decimal("9.95")})
        async for order in orders.query(Key("user") == "ann"):
            ...

The import loads neither trio nor asyncio, nor what only some targets need: `connect` does.
"""

from trinamo.client.client import Client
from trinamo.client.connection import connect
from trinamo.client.environment import Environment, SystemEnvironment
from trinamo.client.errors import (
    ClientError,
    ConditionalCheckFailed,
    DynamoError,
    NoCredentials,
    OutcomeUnknown,
    ResourceInUse,
    ResourceNotFound,
    Throttled,
    TransactionCanceled,
    TransactionConflict,
    Unprocessed,
    Unreachable,
    ValidationError,
)
from trinamo.client.expressions import Add, Attr, Condition, Delete, Key, Raw, Remove, Set
from trinamo.client.mapping import CannotLoad
from trinamo.client.results import Page, Results
from trinamo.client.retries import Policy
from trinamo.client.streams import Change, Stream
from trinamo.client.table import Index, Table
from trinamo.client.values import NotAnAttribute
from trinamo.model.signing import Credentials

__all__ = [
    "Add",
    "Attr",
    "CannotLoad",
    "Change",
    "Client",
    "ClientError",
    "Condition",
    "ConditionalCheckFailed",
    "Credentials",
    "Delete",
    "DynamoError",
    "Environment",
    "Index",
    "Key",
    "NoCredentials",
    "NotAnAttribute",
    "OutcomeUnknown",
    "Page",
    "Policy",
    "Raw",
    "Remove",
    "ResourceInUse",
    "ResourceNotFound",
    "Results",
    "Set",
    "Stream",
    "SystemEnvironment",
    "Table",
    "Throttled",
    "TransactionCanceled",
    "TransactionConflict",
    "Unprocessed",
    "Unreachable",
    "ValidationError",
    "connect",
]
