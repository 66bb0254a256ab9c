"""The phone's core of Fieldseal. Everything is generated from the library's face; see docs/sdk.md."""

from .fieldseal import *  # noqa: F401,F403
