"""Which tests run on the same worker: those that share what is costly."""

import re

from xdist.scheduler import LoadFileScheduling

# The id of a test in tests/book/test_explorers.py that moves one explorer.
MOVES = re.compile(r"(.*/test_explorers\.py)::\w+\[(.+)-\d+-(?:http|file)\]")


class Sharing(LoadFileScheduling):
    """Keeps the tests of a file together, or those of a page's explorers.

    xdist has groups for this, which it writes into the ids of tests; with
    pytest 9, the ids that reach the scheduler are without them.
    """

    def _split_scope(self, nodeid: str) -> str:
        explorer = MOVES.fullmatch(nodeid)
        return explorer[2] if explorer else nodeid.partition("::")[0]
