"""Members that several operations have, declared once.

Sets of enums stand in the order in which the service prints them.
"""

from typing import Final

from trinamo.model.limits import TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from trinamo.model.shapes import (
    NAME_PATTERN,
    AttributeMap,
    Boolean,
    List,
    Map,
    Member,
    OneAttribute,
    String,
    Structure,
    TableName,
    alone,
)

TABLE_NAME: Final = Member("TableName", TableName(), required=True)
TABLE_NAME_ALONE: Final = alone(TABLE_NAME)
INDEX_NAME: Final = Member("IndexName", String(TABLE_NAME_LENGTH_MIN, TABLE_NAME_LENGTH_MAX, NAME_PATTERN))
ITEM: Final = Member("Item", AttributeMap(), required=True)
KEY: Final = Member("Key", AttributeMap(), required=True)
EXCLUSIVE_START_KEY: Final = Member("ExclusiveStartKey", AttributeMap())
CONSISTENT_READ: Final = Member("ConsistentRead", Boolean())

RETURN_CONSUMED_CAPACITY: Final = Member(
    "ReturnConsumedCapacity", String(one_of=("INDEXES", "TOTAL", "NONE"))
)
RETURN_VALUES: Final = Member(
    "ReturnValues", String(one_of=("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"))
)
RETURN_ITEM_COLLECTION_METRICS: Final = Member("ReturnItemCollectionMetrics", String(one_of=("SIZE", "NONE")))
RETURN_VALUES_ON_FAILURE: Final = Member(
    "ReturnValuesOnConditionCheckFailure", String(one_of=("ALL_OLD", "NONE"))
)
SELECT: Final = Member(
    "Select", String(one_of=("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"))
)

CONDITION_EXPRESSION: Final = Member("ConditionExpression", String())
FILTER_EXPRESSION: Final = Member("FilterExpression", String())
KEY_CONDITION_EXPRESSION: Final = Member("KeyConditionExpression", String())
PROJECTION_EXPRESSION: Final = Member("ProjectionExpression", String())
UPDATE_EXPRESSION: Final = Member("UpdateExpression", String())
EXPRESSION_NAMES: Final = Member("ExpressionAttributeNames", Map(String()))
EXPRESSION_VALUES: Final = Member("ExpressionAttributeValues", AttributeMap())

# Legacy parameters.
ATTRIBUTES_TO_GET: Final = Member("AttributesToGet", List(String(), 1))
CONDITIONAL_OPERATOR: Final = Member("ConditionalOperator", String(one_of=("OR", "AND")))
_COMPARISON_OPERATOR: Final = String(
    one_of=(
        "IN",
        "NULL",
        "BETWEEN",
        "LT",
        "NOT_CONTAINS",
        "EQ",
        "GT",
        "NOT_NULL",
        "NE",
        "LE",
        "BEGINS_WITH",
        "GE",
        "CONTAINS",
    )
)
_CONDITION: Final = Structure(
    "Condition",
    Member("AttributeValueList", List(OneAttribute())),
    Member("ComparisonOperator", _COMPARISON_OPERATOR, required=True),
)
EXPECTED: Final = Member(
    "Expected",
    Map(
        Structure(
            "ExpectedAttributeValue",
            Member("Value", OneAttribute()),
            Member("Exists", Boolean()),
            Member("ComparisonOperator", _COMPARISON_OPERATOR),
            Member("AttributeValueList", List(OneAttribute())),
        )
    ),
)
ATTRIBUTE_UPDATES: Final = Member(
    "AttributeUpdates",
    Map(
        Structure(
            "AttributeValueUpdate",
            Member("Value", OneAttribute()),
            Member("Action", String(one_of=("ADD", "PUT", "DELETE"))),
        )
    ),
)
KEY_CONDITIONS: Final = Member("KeyConditions", Map(_CONDITION))
QUERY_FILTER: Final = Member("QueryFilter", Map(_CONDITION))
SCAN_FILTER: Final = Member("ScanFilter", Map(_CONDITION))
