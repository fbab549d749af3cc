"""Replica updates: the shapes in which UpdateTable speaks of other regions. This version has no global table."""

from typing import Final

from trinamo.model.declarations import INDEX_NAME, TABLE_CLASS
from trinamo.model.shapes import List, Member, String, Structure, long

_REGION: Final = Member("RegionName", String(), required=True)
_PROVISIONED: Final = Member(
    "ProvisionedThroughputOverride",
    Structure("ProvisionedThroughputOverride", Member("ReadCapacityUnits", long(1))),
)
_ON_DEMAND: Final = Member(
    "OnDemandThroughputOverride",
    Structure("OnDemandThroughputOverride", Member("MaxReadRequestUnits", long())),
)
_SETTINGS: Final = (
    _REGION,
    Member("KMSMasterKeyId", String()),
    _PROVISIONED,
    _ON_DEMAND,
    Member(
        "GlobalSecondaryIndexes",
        List(Structure("ReplicaGlobalSecondaryIndex", INDEX_NAME, _PROVISIONED, _ON_DEMAND), 1),
    ),
    Member("TableClassOverride", TABLE_CLASS.shape),
)
REPLICA_UPDATES: Final = Member(
    "ReplicaUpdates",
    List(
        Structure(
            "ReplicationGroupUpdate",
            Member("Create", Structure("CreateReplicationGroupMemberAction", *_SETTINGS)),
            Member("Update", Structure("UpdateReplicationGroupMemberAction", *_SETTINGS)),
            Member("Delete", Structure("DeleteReplicationGroupMemberAction", _REGION)),
            Member(
                "Disassociate",
                Structure(
                    "DisassociateReplicationGroupMemberAction",
                    _REGION,
                    Member("DisassociationMode", String(one_of=("WAIT_FOR_REPLICATION",)), required=True),
                ),
            ),
        )
    ),
)
WITNESS_UPDATES: Final = Member(
    "GlobalTableWitnessUpdates",
    List(
        Structure(
            "GlobalTableWitnessGroupUpdate",
            Member("Create", Structure("CreateGlobalTableWitnessGroupMemberAction", _REGION)),
            Member("Delete", Structure("DeleteGlobalTableWitnessGroupMemberAction", _REGION)),
        ),
        1,
        1,
    ),
)
