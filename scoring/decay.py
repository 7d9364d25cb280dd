"""How interest fades: the worth of an occurrence halves every half-life, in whole numbers.

Units   a weight is an int of SCALE parts (SCALE is one whole); ages and half-lives are int microseconds
Exact   a half-life has STEPS steps; within a step the weight is constant. Table, shifts and floor divisions are
        integers, so the oracle and the kernel agree to the last bit on every machine
Bound   true weight - 1 < weight(age) <= the true weight at the beginning of the step
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext

from scoring.language import SCALE

STEPS = 4096  # a power of two: the kernel takes remainders by masks and shifts
SCALE_BITS = 24


def _table() -> tuple[int, ...]:
    """SCALE x 2 ** (-step / STEPS), rounded down, from 50 decimal digits: no float ever decides a score."""
    with localcontext() as context:
        context.prec = 50
        ratio = Decimal(2) ** (Decimal(-1) / STEPS)
        return tuple(int((SCALE * ratio**step).to_integral_value(ROUND_FLOOR)) for step in range(STEPS))


TABLE = _table()


def weight(age: int, half_life: int) -> int:
    """The parts of SCALE left after `age`. Callers never pass the future: a negative age raises ValueError."""
    if age < 0:
        raise ValueError("An occurrence from the future has no weight yet.")
    steps = age * STEPS // half_life
    return TABLE[steps % STEPS] >> (steps // STEPS)


def next_step(age: int, half_life: int) -> int:
    """The first age after `age` at which the weight may differ."""
    steps = age * STEPS // half_life
    return -(-(steps + 1) * half_life // STEPS)
