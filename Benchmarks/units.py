"""Amounts, as people write them."""


def _scaled(value, steps):
    """A value in the first unit of which there is one; the last one takes what is left."""
    factor, unit = next((step for step in steps[:-1] if abs(value) >= step[0]), steps[-1])
    scaled = value / factor
    digits = 0 if abs(scaled) >= 100 or unit == "B" else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:.{digits}f} {unit}"


_STEPS = {
    "s": [(1, "s"), (1e-3, "ms"), (1e-6, "µs")],
    "B": [(1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1, "B")],
    "B/s": [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "KB/s")],
}


def written(value, unit):
    """An amount with its unit."""
    if unit in _STEPS:
        return _scaled(value, _STEPS[unit])
    return f"{value:g}" if value == int(value) else f"{value:.2f}"


def size_name(size):
    """A size in binary units, as a row's text has it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"
