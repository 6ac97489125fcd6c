"""`python -m sdqviz` is the command `sdqviz`."""

from sdqviz.cli.main import main

if __name__ == "__main__":
    main()
