"""The jobs: from a source and options to a film in files, or on a screen."""
