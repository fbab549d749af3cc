"""`python -m trinamo.sim`: the command by itself."""

from trinamo.sim.command import sim

if __name__ == "__main__":
    sim()
