"""Following: taking a leader's entries and heartbeats.

What a member holds at or below its commit index is what every later leader holds, so an append that begins there
needs no comparison. Above it, the entry before the first one sent is compared (Raft 5.3), and a suffix that
differs is dropped. Rules 1, 5 and 7 of core.py live here.
"""

from collections.abc import Sequence

from trinamo.base import Index, NodeId
from trinamo.raft.entry import Entry
from trinamo.raft.member import Member
from trinamo.raft.messages import Append, AppendAck, AppendReject, Heartbeat, HeartbeatAck


class Acceptor(Member):
    """The part of a core that holds what a leader sends."""

    __slots__ = ()

    def _on_append(self, sender: NodeId, message: Append, now: float) -> None:
        self._hear(sender, message.term, now)
        log = self.log
        prev, entries = message.prev_index, message.entries
        match = Index(prev + len(entries))
        if prev < log.commit:  # what is committed here is the leader's as well
            entries = entries[log.commit - prev :]
            match = max(match, log.commit)
        elif not log.holds(prev, message.prev_term):
            self._reject(sender, message)
            return
        if entries:
            self._take(entries)
        commit = min(message.commit, match)
        if commit > log.commit:
            log.commit = commit
        self._acknowledge(sender, match)

    def _take(self, entries: tuple[Entry, ...]) -> None:
        """Make the log hold `entries`, what precedes them being equal to the leader's."""
        log = self.log
        news: Sequence[Entry] = entries
        if entries[0].index <= log.last_index:
            news = log.news(entries)
            if not news:
                return
            if news[0].index <= log.last_index:
                log.truncate(news[0].index)
                self._memberships.truncate(news[0].index)
        log.append_all(news)
        self._learn_memberships(news)

    def _reject(self, sender: NodeId, message: Append) -> None:
        log = self.log
        hint = log.agreement(message.prev_index, message.prev_term)
        self._send(sender, AppendReject(self.term, message.prev_index, hint, log.term(hint)))

    def _acknowledge(self, leader: NodeId, match: Index) -> None:
        """Promise what is appended. One acknowledgement a Ready says it all."""
        promises = self._duties.promises
        if promises:
            to, last = promises[-1]
            if to == leader and isinstance(last, AppendAck) and last.term == self.term:
                if match > last.match:
                    promises[-1] = (leader, AppendAck(self.term, match))
                return
        promises.append((leader, AppendAck(self.term, match)))

    def _on_heartbeat(self, sender: NodeId, message: Heartbeat, now: float) -> None:
        self._hear(sender, message.term, now)
        log = self.log
        if message.commit > log.commit:
            assert message.commit <= log.last_index, f"{self!r} lost what it acknowledged"
            log.commit = message.commit
        ack = HeartbeatAck(self.term, message.round)
        (self._duties.messages if self._term_durable else self._duties.promises).append((sender, ack))
