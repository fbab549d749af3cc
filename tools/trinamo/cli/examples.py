"""Help that teaches: a command's help ends with examples, which tests run."""


def examples(*lines: str) -> str:
    """Return the end of a command's help: calls that work one after the other."""
    # \b is click's mark of a paragraph that is not to be wrapped.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
