"""Declarations: the shapes in which requests speak of tables and their indexes, shared by CreateTable and UpdateTable.

Members stand in the order in which the service reports their violations, and enums in the order in which it prints them.
"""

from typing import Final

from trinamo.model.limits import (
    INDEX_KEY_ATTRIBUTES_MAX,
    KEY_NAME_SIZE_MAX,
    PROJECTED_NAMES_MAX,
    TABLE_NAME_LENGTH_MAX,
    TABLE_NAME_LENGTH_MIN,
)
from trinamo.model.shapes import NAME_PATTERN, Boolean, List, Member, String, Structure, long

INDEX_NAME: Final = Member(
    "IndexName", String(TABLE_NAME_LENGTH_MIN, TABLE_NAME_LENGTH_MAX, NAME_PATTERN), required=True
)
KEY_NAME: Final = String(1, KEY_NAME_SIZE_MAX)
KEY_ELEMENT: Final = Structure(
    "KeySchemaElement",
    Member("AttributeName", KEY_NAME, required=True),
    Member("KeyType", String(one_of=("HASH", "RANGE")), required=True),
)
DEFINITIONS: Final = List(
    Structure(
        "AttributeDefinition",
        Member("AttributeName", KEY_NAME, required=True),
        Member("AttributeType", String(one_of=("B", "N", "S")), required=True),
    )
)
BILLING_MODE: Final = Member("BillingMode", String(one_of=("PROVISIONED", "PAY_PER_REQUEST")))
PROVISIONED: Final = Member(
    "ProvisionedThroughput",
    Structure(
        "ProvisionedThroughput",
        Member("WriteCapacityUnits", long(1), required=True),
        Member("ReadCapacityUnits", long(1), required=True),
    ),
)
ON_DEMAND: Final = Member(
    "OnDemandThroughput",
    Structure(
        "OnDemandThroughput", Member("MaxReadRequestUnits", long()), Member("MaxWriteRequestUnits", long())
    ),
)
WARM: Final = Member(
    "WarmThroughput",
    Structure("WarmThroughput", Member("ReadUnitsPerSecond", long()), Member("WriteUnitsPerSecond", long())),
)
PROJECTION: Final = Member(
    "Projection",
    Structure(
        "Projection",
        Member("ProjectionType", String(one_of=("ALL", "INCLUDE", "KEYS_ONLY"))),
        Member("NonKeyAttributes", List(KEY_NAME, 1, PROJECTED_NAMES_MAX)),
    ),
    required=True,
)
GLOBAL_INDEX: Final = (
    Member("KeySchema", List(KEY_ELEMENT, 1, 2 * INDEX_KEY_ATTRIBUTES_MAX), required=True),
    PROJECTION,
    INDEX_NAME,
    PROVISIONED,
    ON_DEMAND,
    WARM,
)
STREAM: Final = Member(
    "StreamSpecification",
    Structure(
        "StreamSpecification",
        Member("StreamEnabled", Boolean(), required=True),
        Member(
            "StreamViewType", String(one_of=("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"))
        ),
    ),
)
ENCRYPTION: Final = Member(
    "SSESpecification",
    Structure(
        "SSESpecification",
        Member("Enabled", Boolean()),
        Member("SSEType", String(one_of=("AES256", "KMS"))),
        Member("KMSMasterKeyId", String()),
    ),
)
TABLE_CLASS: Final = Member("TableClass", String(one_of=("STANDARD", "STANDARD_INFREQUENT_ACCESS")))
DELETION_PROTECTION: Final = Member("DeletionProtectionEnabled", Boolean())
REPLICATION_MODE: Final = Member(
    "GlobalTableSettingsReplicationMode", String(one_of=("ENABLED", "DISABLED", "ENABLED_WITH_OVERRIDES"))
)
