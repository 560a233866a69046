"""What is wrong with a file of a run directory."""

from __future__ import annotations


class DocumentError(Exception):
    """A file of a run directory cannot be read, or is not of its format; the message names the file."""
