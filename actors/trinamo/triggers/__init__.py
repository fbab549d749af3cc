"""Triggers: functions that are called with batches of a table's stream records, as Lambda's event source mappings call them."""

from trinamo.triggers.delivery import Delivery, Discarded
from trinamo.triggers.events import discarded_event, lambda_event, read_reply
from trinamo.triggers.mapping import BadMapping, Mapping, Settings, StartingPosition, mapping_of, read_mapping
from trinamo.triggers.patterns import BadPattern, Pattern

__all__ = [
    "BadMapping",
    "BadPattern",
    "Delivery",
    "Discarded",
    "Mapping",
    "Pattern",
    "Settings",
    "StartingPosition",
    "discarded_event",
    "lambda_event",
    "mapping_of",
    "read_mapping",
    "read_reply",
]
