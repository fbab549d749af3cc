"""What users do to a database while it is broken, and how to tell whether it kept its word.

A workload sets up its tables, starts its clients, checks what became of it all, and has metrics; the same
workloads run in the simulator, in tests over a real cluster, and in benchmarks. They know nothing of faults.

    workload   what all of them are, and the stage on which they play
    asking     one request and what is known of its outcome
    metrics    how many requests, and how long they took
    registry   all of them by name; the other modules are one workload each
"""
