"""Interaction scripts: commands in, what the members do out.

A script is blocks of commands, a line `----`, and what happened. Members are given once, by `members`; then each
command acts on the group and prints duties as they are carried out. Commands:

    members n1 n2 n3 [learners=n4] [outsiders=n5] [inflight=N] [bytes=N] [uncommitted=N]
    tick [n1 ...] [xN]         time passes by a tick for everybody; these members (else all) count it
    wait SECONDS               time passes and nobody counts it
    campaign n1 | propose n1 TEXT | read n1 CONTEXT | lease n1 | transfer n1 n2 | unreachable n1 n2
    change n1 voters=n1,n2 [learners=n3]
    persist [n1 ...]           their writes become durable, their promises leave
    deliver [n1 n2]            what is under way now (from n1 to n2) arrives
    drop [n1 n2]               ... is lost
    settle                     persist and deliver until nothing happens; messages are not printed
    crash n1 | restart n1 | flush n1 | compact n1 KEEP
    status [n1 ...] | log n1

`->` marks what leaves, `<-` what arrives. Terms are written t3, positions as 5/t3.
"""

import random
from collections.abc import Sequence

import attrs

from raft.host import Disk, Host, Parcel, SnapshotDone, SnapshotStream, Watcher
from raft.simulation import Checker
from trinamo.base import Index, NodeId, OperatingError
from trinamo.raft import (
    Append,
    AppendAck,
    AppendReject,
    Entry,
    EntryKind,
    Heartbeat,
    HeartbeatAck,
    Membership,
    PreVote,
    PreVoteReply,
    RaftConfig,
    RaftCore,
    TimeoutNow,
    Vote,
    VoteReply,
)

TICK = 0.0625
"""Seconds; a power of two, so that sums are exact."""
SETTLE_ROUNDS_MAX = 200


@attrs.define(eq=False)
class Stage:
    """A group under the control of a script."""

    core_class: type[RaftCore] = RaftCore
    checker: Checker = attrs.Factory(Checker)
    hosts: dict[NodeId, Host] = attrs.Factory(dict)
    now: float = 100.0
    _flying: list[tuple[NodeId, NodeId, Parcel]] = attrs.Factory(list)
    _out: list[str] = attrs.Factory(list)
    _quiet: bool = False
    _told: dict[NodeId, int] = attrs.Factory(dict)

    def play(self, commands: Sequence[str]) -> str:
        """Carry out `commands`; return what happened, a line each."""
        self._out = []
        for command in commands:
            verb, *words = command.split()
            try:
                getattr(self, f"_{verb}")(*words)
            except (OperatingError, ValueError) as error:
                self._say(f"{type(error).__name__}: {error}")
            for host in self.hosts.values():
                self._look(host)
        return "\n".join(self._out) or "ok"

    def _say(self, line: str) -> None:
        self._out.append(line)

    def _look(self, host: Host) -> None:
        if host.core is not None:
            host.carry_out()
            self.checker.saw(host)
        for leadership in host.leaderships[self._told.get(host.node, 0) :]:
            who = "leads" if leadership.leads else f"follows {leadership.leader or 'nobody'}"
            self._say(f"{host.node} {who} in t{leadership.term}")
        self._told[host.node] = len(host.leaderships)
        for context in host.dropped_reads:
            self._say(f"{host.node} drops read {context}")
        host.dropped_reads.clear()

    def _core(self, node: str) -> RaftCore:
        core = self.hosts[NodeId(node)].core
        assert core is not None, f"{node} is down"
        return core

    def _named(self, names: Sequence[str]) -> list[Host]:
        hosts = [self.hosts[NodeId(name)] for name in names] or list(self.hosts.values())
        return [host for host in hosts if host.core is not None]

    # -- what hosts do ----------------------------------------------------------------------------------------

    def _send(self, sender: NodeId, to: NodeId, parcel: Parcel) -> None:
        self._flying.append((sender, to, parcel))
        if not self._quiet:
            self._say(f"{sender} -> {to} {brief(parcel)}")

    def _applied(self, host: Host, entry: Entry) -> None:
        self._say(f"{host.node} applies {brief_entry(entry)}")
        self.checker.took(host, entry)

    def _read_given(self, host: Host, context: int, index: Index) -> None:
        self._say(f"{host.node} may serve read {context} at {index}")

    # -- commands ---------------------------------------------------------------------------------------------

    def _members(self, *words: str) -> None:
        options = dict(word.split("=") for word in words if "=" in word)
        voters = tuple(NodeId(word) for word in words if "=" not in word)
        learners = nodes(options.get("learners", ""))
        membership = Membership(voters, learners)
        watcher = Watcher(self.checker.led, self._applied, self.checker.wrote, self._read_given)
        for node in voters + learners + nodes(options.get("outsiders", "")):
            config = RaftConfig(
                node=node,
                election_timeout_min=6 * TICK,
                append_bytes_max=int(options.get("bytes", 1000)),
                inflight_max=int(options.get("inflight", 10)),
                uncommitted_bytes_max=int(options.get("uncommitted", 100_000)),
            )
            dice = random.Random(str(node))
            host = Host(config, Disk(membership), dice, self._send, self.core_class, watcher)
            self.hosts[node] = host
            host.start(self.now)

    def _tick(self, *words: str) -> None:
        count = next((int(word[1:]) for word in words if word.startswith("x")), 1)
        names = [word for word in words if not word.startswith("x")]
        for _ in range(count):
            self.now += TICK
            for host in self._named(names):
                self._core(host.node).tick(self.now)
                self._look(host)

    def _wait(self, seconds: str) -> None:
        self.now += float(seconds)

    def _campaign(self, node: str) -> None:
        self._core(node).campaign(self.now)

    def _propose(self, node: str, text: str) -> None:
        entry = self._core(node).propose(text.encode())
        self._say(f"{node} appends {brief_entry(entry)}")

    def _change(self, node: str, *words: str) -> None:
        options = dict(word.split("=") for word in words)
        membership = Membership(nodes(options["voters"]), nodes(options.get("learners", "")))
        entry = self._core(node).propose_membership(membership)
        self._say(f"{node} appends {brief_entry(entry)}")

    def _read(self, node: str, context: str) -> None:
        self._core(node).read_index(int(context), self.now)

    def _lease(self, node: str) -> None:
        self._say(f"{node} {'has' if self._core(node).lease_valid(self.now) else 'has no'} lease")

    def _transfer(self, node: str, target: str) -> None:
        self._core(node).transfer(NodeId(target), self.now)

    def _unreachable(self, node: str, peer: str) -> None:
        self._core(node).report_unreachable(NodeId(peer))

    def _persist(self, *names: str) -> None:
        for host in self._named(names):
            while host.persist():
                pass

    def _take(self, words: Sequence[str]) -> list[tuple[NodeId, NodeId, Parcel]]:
        """Take what is under way, of one link if two words name it."""
        link = tuple(words)
        taken = [parcel for parcel in self._flying if not link or parcel[:2] == link]
        self._flying = [parcel for parcel in self._flying if link and parcel[:2] != link]
        return taken

    def _deliver(self, *words: str) -> None:
        for sender, to, parcel in self._take(words):
            if not self._quiet:
                self._say(f"{to} <- {sender} {brief(parcel)}")
            self.hosts[to].receive(sender, parcel, self.now)
            self._look(self.hosts[to])

    def _drop(self, *words: str) -> None:
        self._say(f"{len(self._take(words))} lost")

    def _settle(self) -> None:
        self._quiet = True
        for _ in range(SETTLE_ROUNDS_MAX):
            self._persist()
            self._deliver()
            if not self._flying and not any(host.writes for host in self.hosts.values()):
                break
        else:
            raise AssertionError("it does not settle")
        self._quiet = False

    def _crash(self, node: str) -> None:
        host = self.hosts[NodeId(node)]
        host.crash()

    def _restart(self, node: str) -> None:
        self.hosts[NodeId(node)].start(self.now)

    def _flush(self, node: str) -> None:
        self.hosts[NodeId(node)].flush()

    def _compact(self, node: str, keep: str) -> None:
        self.hosts[NodeId(node)].compact(int(keep))

    def _status(self, *names: str) -> None:
        for host in self._named(names):
            status = self._core(host.node).status()
            self._say(
                f"{status.node} {status.role} t{status.term} vote={status.vote or '-'} leader={status.leader or '-'} "
                f"log={status.truncated}..{status.last_index}/t{status.last_term} commit={status.commit}"
            )
            for peer in status.peers:
                self._say(f"  {peer.node} {peer.sending} match={peer.match} next={peer.next}")

    def _log(self, node: str) -> None:
        log = self._core(node).log
        entries = log.slice(Index(log.truncated_index + 1), Index(log.last_index + 1))
        self._say(f"{node} {log.truncated_index}/t{log.truncated_term} | " + brief_entries(entries))


def nodes(text: str) -> tuple[NodeId, ...]:
    return tuple(NodeId(name) for name in text.split(",") if name)


def brief_entry(entry: Entry) -> str:
    match entry.kind:
        case EntryKind.NOOP:
            what = "noop"
        case EntryKind.DATA:
            what = entry.payload.decode()
        case EntryKind.CONFIG:
            membership = Membership.decode(entry.payload)
            what = f"voters={','.join(membership.voters)}"
            if membership.learners:
                what += f" learners={','.join(membership.learners)}"
    return f"{entry.index}/t{entry.term} {what}"


def brief_entries(entries: Sequence[Entry]) -> str:
    return "[" + ", ".join(brief_entry(entry) for entry in entries) + "]"


def brief(parcel: Parcel) -> str:
    """One line that says all about a message."""
    match parcel:
        case Append(term, prev_index, prev_term, commit, entries):
            return f"Append t{term} after {prev_index}/t{prev_term} {brief_entries(entries)} commit={commit}"
        case AppendAck(term, match_):
            return f"AppendAck t{term} match={match_}"
        case AppendReject(term, rejected, hint_index, hint_term):
            return f"AppendReject t{term} at {rejected} hint={hint_index}/t{hint_term}"
        case Heartbeat(term, commit, round):
            return f"Heartbeat t{term} round={round} commit={commit}"
        case HeartbeatAck(term, round):
            return f"HeartbeatAck t{term} round={round}"
        case PreVote(term, last_index, last_term):
            return f"PreVote t{term} last={last_index}/t{last_term}"
        case PreVoteReply(term, granted, hears_leader, leader):
            heard = f", hears {leader or 'a leader'}" if hears_leader else ""
            return f"PreVoteReply t{term} {'yes' if granted else 'no'}{heard}"
        case Vote(term, last_index, last_term, transfer):
            return f"Vote t{term} last={last_index}/t{last_term}{' transfer' if transfer else ''}"
        case VoteReply(term, granted):
            return f"VoteReply t{term} {'yes' if granted else 'no'}"
        case TimeoutNow(term):
            return f"TimeoutNow t{term}"
        case SnapshotStream(term, index, snapshot_term):
            return f"Snapshot t{term} at {index}/t{snapshot_term}"
        case SnapshotDone(ok, index):
            return f"SnapshotDone {'ok' if ok else 'refused'} {index}"
        case _:
            raise AssertionError(f"{parcel!r} has no brief form")
