"""What LensKit does, in a process of its own: it brings torch, which must never meet LightGBM or faiss.

`python -m evaluation.benchmarks.lenskit_child FOLDER` reads `asked.npz` there and writes `told.npz`. Touches are pairs
of `people` and `articles`, by code and in order of time; nothing of this repository is imported.
"""

import importlib
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ASKED, TOLD = "asked.npz", "told.npz"
ALS, ITEM_KNN = "ALS", "item-kNN"
_FIRST: Final = 10


def main(folder: Path) -> None:
    """Score the candidates of questions, or time lists, whichever is asked."""
    with np.load(folder / ASKED, allow_pickle=False) as asked:
        told = _scores(asked) if "known" in asked else _times(asked)
    np.savez(folder / TOLD, allow_pickle=False, **told)


def _scores(asked: Any) -> dict[str, NDArray[np.float64]]:
    """By way of scoring, the scores of all candidates, one question after the other; -inf where LensKit has none.

    `known` (refits,) is how many touches each refit has learned from; question i goes to refit `refits[i]`, is about
    person `who[i]` and has the `sizes[i]` next ones of `candidates`.
    """
    lenskit = importlib.import_module("lenskit")
    bounds = np.cumsum(asked["sizes"])[:-1]
    questions = list(zip(asked["refits"], asked["who"], np.split(asked["candidates"], bounds), strict=True))
    told: dict[str, list[NDArray[np.float64]]] = {ALS: [], ITEM_KNN: []}
    for refit, known in enumerate(asked["known"]):
        touched = _dataset(asked["people"][:known], asked["articles"][:known])
        for name, found in told.items():
            pipeline = _learned(name, touched)
            for _, person, candidates in (question for question in questions if question[0] == refit):
                scored = lenskit.score(pipeline, int(person), candidates.tolist()).scores()
                found.append(np.nan_to_num(np.asarray(scored, dtype=np.float64), nan=-np.inf, neginf=-np.inf))
    return {name: np.concatenate(found) for name, found in told.items()}


def _times(asked: Any) -> dict[str, NDArray[np.float64]]:
    """Seconds of ALS's first ten for each person of `who`, after one that does not count."""
    lenskit = importlib.import_module("lenskit")
    pipeline = _learned(ALS, _dataset(asked["people"], asked["articles"]))
    who = [int(person) for person in asked["who"]]
    lenskit.recommend(pipeline, who[0], n=_FIRST)
    took = []
    for person in who:
        begun = time.perf_counter()
        found = lenskit.recommend(pipeline, person, n=_FIRST)
        took.append(time.perf_counter() - begun)
        if len(found) != _FIRST:
            raise RuntimeError(f"LensKit found {len(found)} articles instead of {_FIRST}")
    return {ALS: np.array(took)}


def _learned(name: str, touched: Any) -> Any:
    """Its own top-n pipeline around one of its scorers, with its own defaults but for implicit feedback."""
    if name == ALS:
        scorer = importlib.import_module("lenskit.als").ImplicitMFScorer()
    else:
        scorer = importlib.import_module("lenskit.knn").ItemKNNScorer(feedback="implicit")
    pipeline = importlib.import_module("lenskit.pipeline").topn_pipeline(scorer, n=_FIRST)
    pipeline.train(touched)
    return pipeline


def _dataset(people: NDArray[np.int64], articles: NDArray[np.int64]) -> Any:
    pandas, data = (importlib.import_module(name) for name in ("pandas", "lenskit.data"))
    return data.from_interactions_df(pandas.DataFrame({"user_id": people, "item_id": articles}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
