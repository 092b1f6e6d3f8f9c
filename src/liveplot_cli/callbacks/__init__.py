"""Callbacks of training libraries, one module each, which imports that library: what it logs becomes rows of a run."""
