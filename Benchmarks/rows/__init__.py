"""The rows of the table; each module has those of one kind of use."""

from rows import attributes, backup, cached, far, memory, player, sequential


def all_rows(sizes):
    """Every row, in the order of the table."""
    modules = (sequential, cached, far, player, backup, memory, attributes)
    return [row for module in modules for row in module.rows(sizes)]
