"""The World of a node: clock, network, storage, randomness."""

from trinamo.world.clock import Clock
from trinamo.world.network import Channel, Network
from trinamo.world.random import Random
from trinamo.world.storage import Batch, Durability, Engine, Family, Reader, Snapshot, Storage
from trinamo.world.world import World

__all__ = [
    "Batch",
    "Channel",
    "Clock",
    "Durability",
    "Engine",
    "Family",
    "Network",
    "Random",
    "Reader",
    "Snapshot",
    "Storage",
    "World",
]
