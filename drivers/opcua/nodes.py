"""A node is named by the URI of its namespace: an index is only a place in one server's list.

The NamespaceArray may be ordered anew whenever the server starts (Part 5 §6.3.1), so the index is
looked up in every session and never kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from edge.errors import ConfigError

STANDARD = "http://opcfoundation.org/UA/"
"""Namespace 0, the same in every server."""

_FORM = re.compile(r"(?:nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<identifier>.+)", re.DOTALL)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@dataclass(frozen=True, slots=True)
class NodeName:
    """A node as a profile names it: valid in any session, on any server of its kind."""

    uri: str
    kind: str
    """`i` number, `s` name, `g` GUID or `b` Base64 (Part 6 §5.1.12)."""
    identifier: str

    def index_in(self, namespaces: Sequence[str]) -> int | None:
        """The namespace's place in this session's NamespaceArray; None where it is not there."""
        try:
            return namespaces.index(self.uri)
        except ValueError:
            return None


def parse(text: str) -> NodeName:
    """`nsu=URI;s=Tank.Level`, or `i=2256` alone for a node of the standard's own namespace.

    Raises:
        ConfigError: not of this form, or by namespace index.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        by_index = " A namespace index changes when the server restarts." * text.startswith("ns=")
        raise ConfigError(
            f"node {text!r} is not nsu=URI;s=NAME (or i=NUMBER, g=GUID, b=BASE64).{by_index}"
            " Write the namespace's URI, as the server's NamespaceArray shows it."
        )
    kind, identifier = form["kind"], form["identifier"]
    if kind == "i" and not (identifier.isascii() and identifier.isdigit()):
        raise ConfigError(f"node {text!r}: i= is followed by a whole number. Use s= for a name.")
    if kind == "g" and _GUID.fullmatch(identifier) is None:
        raise ConfigError(f"node {text!r}: g= is followed by a GUID of 32 hexadecimal digits.")
    if kind == "b" and _BASE64.fullmatch(identifier) is None:
        raise ConfigError(f"node {text!r}: b= is followed by Base64.")
    return NodeName(STANDARD if form["uri"] is None else unquote(form["uri"]), kind, identifier)
