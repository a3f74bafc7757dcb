"""The only door to numba: loops over numbers that no array operation expresses well, as machine code."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., None])


def compiled(signature: str) -> Callable[[Loop], Loop]:
    """Machine code for arguments of just these types, such as `void(int32[::1], float64[:, ::1])`, made at import.

    It is kept in `__pycache__` or, where that cannot be written, in the user's cache, so that only the first import on
    a machine pays for it. A loop reads and fills arrays that its caller made, and leaves Python to other threads.
    """
    return cast(Callable[[Loop], Loop], njit(signature, cache=True, nogil=True))
