"""Run as a program: obp's estimators on the Open Bandit sample that obp ships, and what they were given, as arrays.

A process of its own, because obp brings torch, which shares none with LightGBM. Its own loader of the sample fails on
pandas 2 and later, so the file is read here. Word: the folder to write `bts.npz` and `random.npz` to.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import obp.dataset
from obp.ope import (
    DoublyRobust,
    InverseProbabilityWeighting,
    RegressionModel,
    SelfNormalizedInverseProbabilityWeighting,
)
from obp.policy import BernoulliTS, Random
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

ACTIONS, PLACES = 80, 3


def feedback(logged_by: str) -> dict[str, np.ndarray]:
    """The sample of the campaign for all, as obp's estimators take it."""
    path = Path(obp.dataset.__file__).parent / "obd" / logged_by / "all" / "all.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    users = [[row[f"user_feature_{place}"] for place in range(4)] for row in rows]
    return {
        "context": OneHotEncoder(sparse_output=False, max_categories=8).fit_transform(users),
        "action": np.array([int(row["item_id"]) for row in rows]),
        "position": np.array([int(row["position"]) - 1 for row in rows]),
        "reward": np.array([int(row["click"]) for row in rows]),
        "pscore": np.array([float(row["propensity_score"]) for row in rows]),
    }


def policy_tried(logged_by: str, rounds: int) -> np.ndarray:
    """The other one of the two policies that logged: (rounds, actions, places)."""
    size = {"n_actions": ACTIONS, "len_list": PLACES, "random_state": 20}
    if logged_by == "bts":
        return Random(**size).compute_batch_action_dist(n_rounds=rounds)
    other = BernoulliTS(**size, is_zozotown_prior=True, campaign="all")
    return other.compute_batch_action_dist(n_sim=20_000, n_rounds=rounds)


def ask(logged_by: str, folder: Path) -> None:
    logged = feedback(logged_by)
    context = logged.pop("context")
    rounds = len(context)
    model = RegressionModel(n_actions=ACTIONS, len_list=PLACES, base_model=LogisticRegression(max_iter=200, C=0.1))
    predicted = model.fit_predict(context=context, **logged, n_folds=2, random_state=20)
    given = logged | {"action_dist": policy_tried(logged_by, rounds)}
    answers = {
        "IPS": InverseProbabilityWeighting().estimate_policy_value(**given),
        "SNIPS": SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**given),
        "DR": DoublyRobust().estimate_policy_value(**given, estimated_rewards_by_reg_model=predicted),
    }
    here = np.arange(rounds), slice(None), logged["position"]
    np.savez(
        folder / f"{logged_by}.npz",
        names=list(answers),
        answers=list(answers.values()),
        reward=logged["reward"],
        action=logged["action"],
        pscore=logged["pscore"],
        tried=given["action_dist"][here],
        predicted=predicted[here],
    )


if __name__ == "__main__":
    for policy in ("bts", "random"):
        ask(policy, Path(sys.argv[1]))
