"""Actors, their mailboxes, asks and tells, links between nodes, supervision."""

from trinamo.actor.actor import Actor, supervise
from trinamo.actor.mailbox import Envelope, Mailbox
from trinamo.actor.messages import Request
from trinamo.actor.reply import Reply
from trinamo.actor.system import System

__all__ = ["Actor", "Envelope", "Mailbox", "Reply", "Request", "System", "supervise"]
