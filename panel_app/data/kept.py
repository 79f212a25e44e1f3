"""What is made of a publication is kept with it, and goes when it goes.

Here is `kept`, for functions whose first argument is a publication. `functools.lru_cache` would
hold each publication, tens of megabytes, until so many later results have taken its places.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary, ref

Owner = TypeVar("Owner")
Others = ParamSpec("Others")
Made = TypeVar("Made")


def kept(
    most: int,
) -> Callable[
    [Callable[Concatenate[Owner, Others], Made]], Callable[Concatenate[Owner, Others], Made]
]:
    """Keep the last `most` results for each first argument, as long as that lives.

    The other arguments must be hashable, and a result must not hold the first argument.
    """

    def keeping(
        make: Callable[Concatenate[Owner, Others], Made],
    ) -> Callable[Concatenate[Owner, Others], Made]:
        of: WeakKeyDictionary[Owner, Callable[Others, Made]] = WeakKeyDictionary()

        @wraps(make)
        def found(owner: Owner, /, *args: Others.args, **kwargs: Others.kwargs) -> Made:
            own = of.get(owner)
            if own is None:
                own = of.setdefault(owner, _own(make, ref(owner), most))
            return own(*args, **kwargs)

        return found

    return keeping


def _own(
    make: Callable[Concatenate[Owner, Others], Made], owner: "ref[Owner]", most: int
) -> Callable[Others, Made]:
    """Return `make` for one owner, with the results kept; who calls it holds the owner."""

    def made(*args: Others.args, **kwargs: Others.kwargs) -> Made:
        return make(cast(Owner, owner()), *args, **kwargs)

    return cast(Callable[Others, Made], lru_cache(most)(made))
