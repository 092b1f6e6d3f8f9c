"""The client of the live service: rows go to it in the background, in their order, each once."""
