"""Rows that are still coming: from a file as it grows to the history so far, and to a film that grows with it."""
