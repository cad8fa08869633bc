"""The rows of the table of the catalog; each module has those of one kind of use."""

from catalog import attributes, backup, disk, listing, refresh, sizes, starting, sync


def all_rows(amounts):
    """Every row, in the order of the table."""
    modules = (sync, starting, listing, attributes, refresh, sizes, disk, backup)
    return [row for module in modules for row in module.rows(amounts)]
