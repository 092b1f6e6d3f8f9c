"""Terminals: what one can show, its keys, and the screen that is borrowed of it."""
