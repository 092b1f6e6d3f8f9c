"""The live service: rows come in by POST as training goes on, and everybody watches the plot."""
