"""The only door to numba: loops over numbers that no array operation expresses well, as machine code."""

import logging
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Final, TypeVar, cast

from numba import njit

log = logging.getLogger(__name__)

Loop = TypeVar("Loop", bound=Callable[..., None])

_NOTHING_KEPT: Final = (RuntimeError, OSError, EOFError, UnpicklingError)


def compiled(signature: str) -> Callable[[Loop], Loop]:
    """Machine code for arguments of just these types, such as `void(int32[::1], float64[:, ::1])`, made at import.

    It is kept in `__pycache__` or, where that cannot be written, in the user's cache, so that only the first import on
    a machine pays for it; where neither can be, or what is kept cannot be read, every import does. A loop reads and
    fills arrays that its caller made, whose bounds nobody checks, and leaves Python to other threads. What it
    uses besides are constants, and of those in other files a change is not noticed.
    """

    def make(loop: Loop) -> Loop:
        try:
            return cast(Loop, njit(signature, cache=True, nogil=True)(loop))
        except _NOTHING_KEPT as error:
            log.warning(
                "%s is compiled at every start (%s): set NUMBA_CACHE_DIR to an empty folder of your own",
                loop.__name__,
                error,
            )
            return cast(Loop, njit(signature, nogil=True)(loop))

    return make
