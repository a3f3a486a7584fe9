"""Errors, sorted by what the reader can do about them."""


class EdgeError(Exception):
    """A sentence that names the thing, the value, the bound and the unit, and what to do."""

    transient = False
    """Whether trying again can help."""


class ConfigError(EdgeError):
    """A person must change a file."""


class LinkDown(EdgeError):
    """No road to the device: try again later."""

    transient = True


class BadFrame(EdgeError):
    """What came does not parse, or does not answer what was asked."""

    transient = True


class NoAnswer(EdgeError):
    """The device was asked and kept silent."""

    transient = True


class DeviceRefused(EdgeError):
    """The device answered no, with a code that its protocol defines."""

    def __init__(self, code: int, meaning: str) -> None:
        super().__init__(f"{meaning} (code {code})")
        self.code = code
        self.meaning = meaning


class StoreFailed(EdgeError):
    """The disk did not take it; the segment is retired."""

    transient = True
