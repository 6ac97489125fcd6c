"""`python app.py` serves sdqviz, here and on Spaces. Arguments are those of `sdqviz app`."""

import sys

from sdqviz.cli.main import main

if __name__ == "__main__":
    sys.argv.insert(1, "app")
    main()
