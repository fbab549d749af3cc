"""Benchmarks: how fast a server answers, beside others and beside the generator's own ceiling.

`payload` renders requests, `generator` sends them from a process of its own, `null` is the server that shows what
the generator could do at most, `systems` starts and stops who is measured, `rounds` interleaves the measurements
and takes medians, `lifecycle` measures starts and idling, `report` prints it all, and `cli` is the command.
"""
