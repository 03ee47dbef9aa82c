"""Which tests run on the same worker: those that share what is costly."""

import re

from xdist.scheduler import LoadFileScheduling

# The id of a test that looks at one page, and in what ways it does.
WAYS = r"-(?:\d+|http|file|desk|phone|light|dark)"
PAGE = re.compile(
    rf"tests/book/test_(explorers|live|pages)\.py::\w+\[(.+?)(?:{WAYS})*\]"
)


class Sharing(LoadFileScheduling):
    """Keeps the tests of a file together, or those of a page in long files.

    xdist has groups for this, which it writes into the ids of tests; with
    pytest 9, the ids that reach the scheduler are without them.
    """

    def _split_scope(self, nodeid: str) -> str:
        if page := PAGE.fullmatch(nodeid):
            return f"{page[1]} of {page[2]}"
        return nodeid.partition("::")[0]
