"""The rows of the table of what goes wrong; each module has those of one kind of fault."""

import importlib

# In the order of the table.
_MODULES = (
    "backup", "reading", "outage", "between", "soak", "waiting", "kills", "flips", "disks", "scarcity", "foreign")


def all_rows(sizes):
    """Every row, in the order of the table."""
    modules = [importlib.import_module(f"chaos.{name}") for name in _MODULES]
    return [row for module in modules for row in module.rows(sizes)]
