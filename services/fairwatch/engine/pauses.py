"""How long to wait before something that failed is tried again."""

FIRST_S = 1.0
MOST_S = 15.0


def longer(pause_s: float) -> float:
    """Return the pause that follows this one; 0 stands for none yet.

    >>> longer(0.0), longer(1.0), longer(12.0)
    (1.0, 2.0, 15.0)
    """
    return min(MOST_S, pause_s * 2 or FIRST_S)
