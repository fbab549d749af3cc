"""The operations of the API: one module for each, with its shape, its checks in the service's order, its answer."""

from trinamo.gateway.operations.registry import OPERATIONS, perform

__all__ = ["OPERATIONS", "perform"]
