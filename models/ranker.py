"""The only door to LightGBM: a LambdaMART ranker, learned from slates and what people did with them.

A text model from a stranger can make LightGBM write out of bounds. `from_files` is therefore only ever handed files
whose digest and signature `models.registry` has checked.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self

import lightgbm
import numpy as np
import orjson
from lightgbm.callback import CallbackEnv
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch
from models.forest import Forest
from models.protocols import Features, Progress

MODEL_FILE: Final = "model.txt"
FACTS_FILE: Final = "ranker.json"

_QUIET: Final = {"verbosity": -1}
_NONE: Final[Mapping[str, Sequence[float]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Slates to learn from, one after the other.

    `rows` (n, features) and, per row, `labels` (grade, 0 for nothing) and `positions` (where it was shown); `groups`
    (slates,) is how many rows each slate has, so that it sums to n.
    """

    rows: Features
    labels: NDArray[np.int32]
    positions: NDArray[np.int32]
    groups: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = len(self.rows)
        if not (len(self.labels) == len(self.positions) == self.groups.sum() == n):
            raise ValueError(f"{n} rows need as many labels and positions, and groups that sum to {n}")

    def worst_first(self) -> Self:
        """The same with the rows of each slate in order of rising label.

        LightGBM leaves tied scores in the order of the rows. As logged that is the order of an earlier ranker, which
        a model of few trees would be credited with; this way a tie is never to a model's advantage.
        """
        order = np.lexsort((self.labels, np.repeat(np.arange(len(self.groups)), self.groups)))
        return type(self)(self.rows[order], self.labels[order], self.positions[order], self.groups)


@dataclass(frozen=True, slots=True)
class LambdaMartOptions:
    """How trees are grown. The defaults suit some thousands of slates: small trees, small steps, an early end."""

    rounds: int = 400
    patience: int = 40
    """Rounds without a better validation score before growing ends; the best round is kept. 0 grows them all."""
    learning_rate: float = 0.05
    leaves: int = 7
    rows_per_leaf: int = 30
    feature_share: float = 0.8
    bins: int = 255
    """How finely a feature's values are told apart; fewer is quicker."""
    cutoff: int = 10
    """The k of the nDCG@k that is watched on the validation slates."""
    threads: int = 2
    seed: int = 20


class LambdaMart:
    """A `models.protocols.Ranker` made of LightGBM trees. Its name is a digest of them: equal names, equal scores."""

    def __init__(self, features: tuple[str, ...], model: str, curves: Mapping[str, Sequence[float]] = _NONE) -> None:
        """Raises ArtefactMismatch where `model` is no ranker of `len(features)` features."""
        try:
            self._booster = lightgbm.Booster(model_str=model)
        except lightgbm.basic.LightGBMError as error:
            raise ArtefactMismatch(f"the ranker's trees cannot be read ({error}): train again") from error
        if self._booster.num_feature() != len(features):
            raise ArtefactMismatch(
                f"the ranker's trees use {self._booster.num_feature()} features, its facts name {len(features)}: "
                "train again"
            )
        self._forest = Forest.read(self._booster.dump_model())
        self._features = features
        self._model = model
        self.curves = curves
        """Figures of the validation slates after each round, by name; none where the ranker was read from files."""
        self._name = f"lambdamart-{hashlib.sha256(model.encode()).hexdigest()[:12]}"

    @classmethod
    def fit(
        cls,
        features: tuple[str, ...],
        train: Examples,
        validation: Examples,
        options: LambdaMartOptions,
        progress: Progress | None = None,
    ) -> Self:
        """Grow trees until the validation slates gain no more. `progress` hears of each round of `options.rounds`.

        What a position does to a label is fitted beside the trees (LightGBM's `position`) and left out of the scores.
        The same examples and options give the same model, byte for byte; the number of threads changes no tree.
        """
        data = _dataset(train.worst_first(), options, with_positions=True)
        held_out = _dataset(validation.worst_first(), options, with_positions=False, reference=data)
        stop = [lightgbm.early_stopping(options.patience, verbose=False)] if options.patience else []
        watched: dict[str, dict[str, list[float]]] = {}
        booster = lightgbm.train(
            parameters(options),
            data,
            num_boost_round=options.rounds,
            valid_sets=[held_out] if options.patience else [],
            callbacks=[*stop, lightgbm.record_evaluation(watched), *([_told(progress)] if progress else [])],
        )
        trees = booster.model_to_string(num_iteration=booster.best_iteration)
        return cls(features, trees, watched.get("valid_0", _NONE))

    @property
    def name(self) -> str:
        """What a slate records as the ranker that ordered it."""
        return self._name

    @property
    def features(self) -> tuple[str, ...]:
        """The features it wants, in column order."""
        return self._features

    def score(self, rows: Features) -> NDArray[np.float64]:
        """One score per row, higher is better: LightGBM's own, bit for bit, whoever adds the trees up.

        What our own way cannot do, such as trees of another kind or features that are not known, LightGBM does.
        """
        if not self._has_rows(rows):
            return np.empty(0)
        if self._forest is None or np.isnan(rows).any():
            return self._predict(rows)
        return self._forest.score(np.asarray(rows, dtype=np.float64))

    def contributions(self, rows: Features) -> NDArray[np.float64]:
        """The SHAP values of each row, exact for trees, and what every row starts from: (n, features + 1).

        Lundberg et al., "From local explanations to global understanding with explainable AI for trees" (Nature Machine
        Intelligence 2, 2020). They sum to the score.
        """
        if not self._has_rows(rows):
            return np.empty((0, len(self._features) + 1))
        return self._predict(rows, pred_contrib=True)

    def _has_rows(self, rows: Features) -> bool:
        if rows.ndim != 2 or rows.shape[1] != len(self._features):
            raise ValueError(f"this ranker wants {len(self._features)} columns, not an array of shape {rows.shape}")
        return len(rows) > 0

    def _predict(self, rows: Features, **how: bool) -> NDArray[np.float64]:
        contiguous = np.ascontiguousarray(rows, dtype=np.float64)
        try:
            return np.asarray(self._booster.predict(contiguous, num_threads=1, **how, **_QUIET), dtype=np.float64)
        except lightgbm.basic.LightGBMError as error:
            raise ArtefactMismatch(f"the ranker's trees cannot be used ({error}): train again") from error

    def importance(self) -> dict[str, float]:
        """The share of the trees' total gain that each feature brought, largest first; zeros where no tree splits."""
        gains = np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)
        shares = gains / (gains.sum() or 1.0)
        ranked = sorted(zip(self._features, shares.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
        return dict(ranked)

    def to_files(self) -> dict[str, bytes]:
        """What an artefact's folder holds, by file name."""
        facts = {"features": self._features, "trees": self._booster.num_trees()}
        return {MODEL_FILE: self._model.encode(), FACTS_FILE: orjson.dumps(facts, option=orjson.OPT_INDENT_2)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The opposite of `to_files`. Only for files whose signature was checked: see the module's first lines."""
        try:
            facts = orjson.loads(files[FACTS_FILE])
            return cls(tuple(facts["features"]), files[MODEL_FILE].decode())
        except (KeyError, TypeError, ValueError) as error:
            raise ArtefactMismatch(f"the ranker's files are incomplete ({error!r}): train again") from error


def _dataset(
    examples: Examples, options: LambdaMartOptions, *, with_positions: bool, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        examples.rows,
        label=examples.labels,
        group=examples.groups,
        position=examples.positions if with_positions else None,
        reference=reference,
        params=_QUIET | {"max_bin": options.bins},
        free_raw_data=True,
    )


def parameters(options: LambdaMartOptions) -> dict[str, Any]:
    """LightGBM's own names for how trees are grown."""
    return _QUIET | {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [options.cutoff],
        "learning_rate": options.learning_rate,
        "num_leaves": options.leaves,
        "min_data_in_leaf": options.rows_per_leaf,
        "feature_fraction": options.feature_share,
        "num_threads": options.threads,
        "seed": options.seed,
        "deterministic": True,
        "force_row_wise": True,  # else LightGBM times both layouts and takes the faster: another run, another choice
    }


def _told(progress: Progress) -> Callable[[CallbackEnv], None]:
    def after_round(_: CallbackEnv) -> None:
        progress(1)

    return after_round
