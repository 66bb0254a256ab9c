"""Bytes of an upload are bytes to schemathesis too."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
