"""All operations of the two API models, and the service that each belongs to.

Which of them this version performs, the gateway's registry knows.
"""

from collections.abc import Mapping
from typing import Final

DYNAMODB: Final = "DynamoDB_20120810"
STREAMS: Final = "DynamoDBStreams_20120810"

_NAMES: Final = {
    DYNAMODB: """
        BatchExecuteStatement BatchGetItem BatchWriteItem CancelBulkOperation CreateBackup CreateGlobalTable
        CreateTable DeleteBackup DeleteItem DeleteResourcePolicy DeleteTable DescribeBackup
        DescribeBulkOperation DescribeContinuousBackups DescribeContributorInsights DescribeEndpoints
        DescribeExport DescribeGlobalTable DescribeGlobalTableSettings DescribeImport
        DescribeKinesisStreamingDestination DescribeLimits DescribeTable DescribeTableReplicaAutoScaling
        DescribeTimeToLive DisableKinesisStreamingDestination EnableKinesisStreamingDestination
        ExecuteStatement ExecuteTransaction ExportTableToPointInTime GetItem GetResourcePolicy ImportTable
        ListBackups ListBulkOperations ListContributorInsights ListExports ListGlobalTables ListImports
        ListTables ListTagsOfResource PutItem PutResourcePolicy Query RestoreTableFromBackup
        RestoreTableToPointInTime Scan SearchVectors StartBulkPutItems TagResource TransactGetItems
        TransactWriteItems UntagResource UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTable
        UpdateGlobalTableSettings UpdateItem UpdateKinesisStreamingDestination UpdateTable
        UpdateTableReplicaAutoScaling UpdateTimeToLive
    """,
    STREAMS: "DescribeStream GetRecords GetShardIterator ListStreams",
}

SERVICES: Final[Mapping[str, str]] = {
    name: service for service, names in _NAMES.items() for name in names.split()
}
"""The service of every operation: `SERVICES["GetRecords"]` is `STREAMS`."""
