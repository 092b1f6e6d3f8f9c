"""Screens: frames for eyes, as they are drawn."""
