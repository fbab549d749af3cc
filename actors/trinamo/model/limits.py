"""The service's limits, each with its source, in one place so that a test or an operation never repeats a number."""

ITEM_SIZE_MAX = 400 * 1024  # DynamoDB: 400 KB, attribute names included
PARTITION_KEY_SIZE_MAX = 2048  # DynamoDB: bytes of a partition key value
SORT_KEY_SIZE_MAX = 1024  # DynamoDB: bytes of a sort key value
KEY_NAME_SIZE_MAX = 255  # DynamoDB: bytes of a key attribute's name
ATTRIBUTE_NAME_SIZE_MAX = 65_535  # DynamoDB: bytes of any other attribute's name
NESTING_LEVELS_MAX = 32  # DynamoDB: levels of L and M; a top-level value is level 1

NUMBER_DIGITS_MAX = 38  # DynamoDB: significant digits of a number
NUMBER_MAGNITUDE_MAX = 126  # DynamoDB: |x| < 1E+126
NUMBER_MAGNITUDE_MIN = -129  # DynamoDB: |x| >= 1E-130, which is 0.1E-129

TABLE_NAME_LENGTH_MIN = 3  # DynamoDB: names of tables and indexes
TABLE_NAME_LENGTH_MAX = 255
TABLE_ARN_LENGTH_MAX = 1024  # API model: TableArn

ITEM_COLLECTION_SIZE_MAX = 10 * 1024**3  # DynamoDB: items and local index entries of one partition key value

LOCAL_INDEXES_MAX = 5  # DynamoDB: per table
GLOBAL_INDEXES_MAX = 20  # DynamoDB: per table, default quota
INDEX_KEY_ATTRIBUTES_MAX = 4  # DynamoDB: in each half of a global index's key
PROJECTED_NAMES_MAX = 20  # DynamoDB: NonKeyAttributes of one index
PROJECTED_NAMES_TABLE_MAX = 100  # DynamoDB: NonKeyAttributes over all indexes of a table
TAGS_MAX = 50  # DynamoDB: tags of one resource
TAG_KEY_LENGTH_MAX = 128  # DynamoDB: characters
TAG_VALUE_LENGTH_MAX = 256  # DynamoDB: characters
RESOURCE_POLICY_SIZE_MAX = 20 * 1024  # DynamoDB: 20 KB
CAPACITY_UNITS_MAX = 1_000_000_000_000  # observed: larger ones are "out of bounds"
WARM_READ_UNITS = 12_000  # DynamoDB: warm throughput of a new on-demand table
WARM_WRITE_UNITS = 4_000
TABLES_MAX = 2_500  # DynamoDB: per account and Region, default quota
CONTROL_OPERATIONS_MAX = 500  # DynamoDB: tables that are CREATING, UPDATING or DELETING at once
DECREASES_ANY_TIME_MAX = 4  # DynamoDB: of provisioned throughput, on one UTC day, however close
DECREASES_MAX = 27  # DynamoDB: the same, with the further ones an hour apart
SWITCHES_TO_ON_DEMAND_MAX = 4  # DynamoDB: within 24 hours
TABLE_CLASS_CHANGES_MAX = 2  # DynamoDB: within 30 days
ACCOUNT_READ_UNITS = 80_000  # DynamoDB: default quotas of an account in one Region, and of one table
ACCOUNT_WRITE_UNITS = 80_000
TABLE_READ_UNITS = 40_000
TABLE_WRITE_UNITS = 40_000

REQUEST_SIZE_MAX = 16 * 1024 * 1024  # DynamoDB: body of one request
PAGE_SIZE_MAX = 1024 * 1024  # DynamoDB: 1 MB evaluated by one Query or Scan
BATCH_GET_SIZE_MAX = 16 * 1024 * 1024  # DynamoDB: items answered by one BatchGetItem
BATCH_GET_KEYS_MAX = 100  # DynamoDB: keys of one BatchGetItem
BATCH_WRITES_MAX = 25  # DynamoDB: requests of one BatchWriteItem
LIST_TAGS_MAX = 10  # second-hand: tags of one page of ListTagsOfResource
BATCH_STATEMENTS_MAX = 25  # DynamoDB: statements of one BatchExecuteStatement
LIST_TABLES_MAX = 100  # DynamoDB: names of one page of ListTables
SCAN_SEGMENTS_MAX = 1_000_000  # DynamoDB: TotalSegments

READ_UNIT_SIZE = 4096  # DynamoDB: bytes per read unit
WRITE_UNIT_SIZE = 1024  # DynamoDB: bytes per write unit
EXPRESSION_SIZE_MAX = 4096  # DynamoDB: bytes of one expression
