"""The account that most rows share: a few large recordings."""

from media import Film, Noise, Original

ACCOUNT = "library"


def composition(sizes):
    return Original("compositions", "large.mp4", Noise(sizes.large))


def voice(sizes):
    return Original("recordings", "large.wav", Noise(sizes.large))


def stream(sizes):
    return Original("compositions", "stream.mp4", Noise(sizes.distant))


def film(sizes):
    return Original("compositions", "film.mp4", Film(sizes.film_seconds))
