"""What the operations on tags share: a table that is named by its ARN, and the faults of one."""

from typing import Final

from trinamo.gateway.operations.database import ChangeSettings, Database
from trinamo.gateway.operations.operation import Caller
from trinamo.model.errors import ApiError, tagged_resource_not_found, validation
from trinamo.model.shapes import Member, Request, String, is_table_arn
from trinamo.model.tables import TableAddress, table_address

# Checked by the operations and not with the shape: what is wrong with it has texts of its own.
RESOURCE_ARN: Final = Member("ResourceArn", String())
NOTHING: Final = b"{}"  # the answer of an operation that answers nothing


def resource_address(request: Request, caller: Caller) -> TableAddress:
    """Return the address of the table that a request names by its ARN, or raise the error of another text."""
    arn: str = request.get("ResourceArn", "")
    if not arn:
        raise validation("Invalid TableArn")
    if not is_table_arn(arn):
        raise validation(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    return table_address(arn, *caller)


async def change_tags(
    database: Database, address: TableAddress, request: Request, change: ChangeSettings
) -> None:
    """Change the tags of the table at `address`. A missing one is told of in words of its own."""
    try:
        await database.change_settings(address, change)
    except ApiError as error:
        if error.code == "ResourceNotFoundException":
            raise tagged_resource_not_found(request["ResourceArn"]) from None
        raise
