"""Vector indexes: the shapes of their declarations. This version has no vector index; it says so of a request in order."""

from typing import Final

from trinamo.model.declarations import INDEX_NAME, KEY_NAME, PROJECTION
from trinamo.model.limits import ATTRIBUTE_NAME_SIZE_MAX
from trinamo.model.shapes import List, Member, String, Structure, long

DIMENSIONS_MAX: Final = 4096  # API model

_VECTOR_INDEX: Final = (
    INDEX_NAME,
    Member(
        "VectorAttribute",
        Structure("VectorAttributeDefinition", Member("AttributeName", KEY_NAME, required=True)),
        required=True,
    ),
    Member(
        "SearchSchema",
        List(
            Structure(
                "SearchSchemaElement",
                Member("AttributeName", String(0, ATTRIBUTE_NAME_SIZE_MAX), required=True),
                Member("SearchSchemaElementType", String(one_of=("HASH", "INLINE_FILTER")), required=True),
            ),
            1,
        ),
    ),
    PROJECTION,
    Member("Dimensions", long(1, DIMENSIONS_MAX), required=True),
    Member("DistanceFunction", String(one_of=("COSINE", "DOT_PRODUCT", "EUCLIDEAN")), required=True),
)
VECTOR_INDEXES: Final = Member("VectorIndexes", List(Structure("VectorIndex", *_VECTOR_INDEX)))
VECTOR_INDEX_UPDATES: Final = Member(
    "VectorIndexUpdates",
    List(
        Structure(
            "VectorIndexUpdate",
            Member("Create", Structure("CreateVectorIndexAction", *_VECTOR_INDEX)),
            Member("Delete", Structure("DeleteVectorIndexAction", INDEX_NAME)),
        )
    ),
)
