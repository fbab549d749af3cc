"""PartiQL: statements, and what they mean in terms of keys and expressions. Pure."""

from trinamo.partiql.limits import NEXT_TOKEN_LENGTH_MAX, STATEMENT_LENGTH_MAX
from trinamo.partiql.parser import parse
from trinamo.partiql.plans import (
    DeletePlan,
    InsertPlan,
    Plan,
    Reach,
    SelectPlan,
    UpdatePlan,
    WritePlan,
    plan,
)
from trinamo.partiql.syntax import Image, Statement, print_statement
from trinamo.partiql.translation import Carried

__all__ = [
    "NEXT_TOKEN_LENGTH_MAX",
    "STATEMENT_LENGTH_MAX",
    "Carried",
    "DeletePlan",
    "Image",
    "InsertPlan",
    "Plan",
    "Reach",
    "SelectPlan",
    "Statement",
    "UpdatePlan",
    "WritePlan",
    "parse",
    "plan",
    "print_statement",
]
