"""Faults on purpose: what may be asked for, and when it happens. Pure: others carry it out."""

from trinamo.faults.fault import Fault
from trinamo.faults.fields import BadFault
from trinamo.faults.registry import Faults
from trinamo.faults.target import Part, Target, target_of
from trinamo.faults.verbs import VERBS, Kind, Verb

__all__ = ["VERBS", "BadFault", "Fault", "Faults", "Kind", "Part", "Target", "Verb", "target_of"]
