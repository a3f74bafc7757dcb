"""How much each candidate of a slate is looked at under a policy: Σ over places of P(it stands there) × P(looked at).

The probability of an item at a place depends on what stands above it, and there are too many slates to go through
all. So the slate that is made without any exploring is followed exactly; what comes after a first exploration is
sampled.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.off_policy import Array
from ranking.diversify import Policy


def exposure(policy: Policy, examination: Array, samples: int, random: np.random.Generator) -> Array:
    """The exposure of each candidate (candidates,), of a slate with a place per entry of `examination` (places,).

    Unbiased. What follows after a first exploration at place j has probability ε (1 − ε)^(j−1) and is averaged over
    `samples` draws for each j; of every draw the whole distribution of each later place counts, not one item of it
    (Rao-Blackwell), so that nothing is estimated as 0 that could be drawn. A place with one choice, such as that of
    what is pinned, explores nothing.
    """
    exposed = np.zeros(len(policy.pool))
    greedy: list[int] = []
    undisturbed = 1.0
    for place, looked_at in enumerate(examination):
        here = policy.place(greedy)
        epsilon = policy.options.epsilon if len(here.choices) > 1 else 0.0
        exposed[here.greedy] += undisturbed * looked_at * (1 - epsilon)
        exposed[here.choices] += undisturbed * looked_at * epsilon / len(here.choices)
        if epsilon and place + 1 < len(examination):
            drawn = random.choice(here.choices, min(samples, len(here.choices)), replace=False)
            for row in drawn:
                share = undisturbed * epsilon / len(drawn)
                exposed += share * _after(policy, [*greedy, int(row)], examination, random)
        undisturbed *= 1 - epsilon
        greedy.append(here.greedy)
    return exposed


def _after(policy: Policy, picked: Sequence[int], examination: Array, random: np.random.Generator) -> Array:
    """The exposure by the places below `picked`, along one way that the rest of the slate may go."""
    epsilon = policy.options.epsilon
    exposed = np.zeros(len(policy.pool))
    way = list(picked)
    for looked_at in examination[len(picked) :]:
        here = policy.place(way)
        exposed[here.greedy] += looked_at * (1 - epsilon)
        exposed[here.choices] += looked_at * epsilon / len(here.choices)
        way.append(int(random.choice(here.choices)) if random.random() < epsilon else here.greedy)
    return exposed
