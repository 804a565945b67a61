"""The whole table."""

from __future__ import annotations

from hostile import advisory_rows, dialogue, field_rows, tls_rows

ROWS = (*field_rows.ROWS, *tls_rows.ROWS, *advisory_rows.ROWS, *dialogue.ROWS)
