"""The World: everything a node knows of the outside, in one object."""

import attrs

from trinamo.base import NodeId
from trinamo.world.clock import Clock
from trinamo.world.network import Network
from trinamo.world.random import Random
from trinamo.world.sites import QUIET, Sites
from trinamo.world.storage import Storage
from trinamo.world.weather import FairWeather, Weather


@attrs.frozen
class World:
    """What a node is given at birth. Time, dice, sockets, threads and files are reached through it alone."""

    node: NodeId
    clock: Clock
    network: Network
    storage: Storage
    random: Random
    weather: Weather = FairWeather()  # it has no state
    sites: Sites = QUIET
