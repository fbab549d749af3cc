"""The World of a node: clock, network, storage, randomness."""

from trinamo.world.clock import Clock
from trinamo.world.memory import CHANNEL_FRAMES_MAX, MemoryChannel, MemoryHub, MemoryNetwork
from trinamo.world.network import Channel, Network
from trinamo.world.random import Random
from trinamo.world.sites import QUIET, Crashed, Sites
from trinamo.world.storage import Batch, Durability, Engine, Family, Reader, Snapshot, Storage
from trinamo.world.system import SystemClock, seeded_random, system_random
from trinamo.world.tcp import Address, TcpChannel, TcpNetwork
from trinamo.world.weather import FairWeather, Weather
from trinamo.world.world import World

__all__ = [
    "CHANNEL_FRAMES_MAX",
    "QUIET",
    "Address",
    "Batch",
    "Channel",
    "Clock",
    "Crashed",
    "Durability",
    "Engine",
    "FairWeather",
    "Family",
    "MemoryChannel",
    "MemoryHub",
    "MemoryNetwork",
    "Network",
    "Random",
    "Reader",
    "Sites",
    "Snapshot",
    "Storage",
    "SystemClock",
    "TcpChannel",
    "TcpNetwork",
    "Weather",
    "World",
    "seeded_random",
    "system_random",
]
