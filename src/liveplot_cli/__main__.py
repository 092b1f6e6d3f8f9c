"""`python -m liveplot_cli` is the command `liveplot`."""

from liveplot_cli.cli import main

if __name__ == "__main__":
    main()
