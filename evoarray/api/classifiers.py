# SPDX-License-Identifier: Apache-2.0
"""A small int8 network, evolved, as an estimator of scikit-learn."""

import os
from contextlib import closing
from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from evoarray.api.circuits import Drawing
from evoarray.api.networks import Network
from evoarray.evolution.effects import refuse_idle
from evoarray.evolution.neuro.algorithms import Judges, algorithm_of
from evoarray.evolution.neuro.backends import open_backend
from evoarray.evolution.neuro.data import Digits, Part, split_order
from evoarray.evolution.neuro.loop import Search, evolve
from evoarray.evolution.neuro.settings import EVOLVED, SampleSettings
from evoarray.model.errors import refuse
from evoarray.model.neuro import network as files
from evoarray.model.neuro.arithmetic import LARGEST, Int8
from evoarray.model.neuro.forward import forward

LEAST_KEPT = 1
"""Samples that a validation has at least; with fewer to spare the training ones serve for both."""

NOT_OF_SAMPLES = {"layers", "copies"}
"""Options of `evoarray neuro` that say something of images: their size, and copies of them."""


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fully connected network with int8 weights that evolution finds, for the neural core.

    hidden are the units of each hidden layer, and validation is the part of the samples by which
    the best network is chosen. The other parameters are options of the command `evoarray neuro`,
    with the same defaults: algorithm is one-plus-lambda, ga, ep, es or pso; evaluations are the
    networks that are tried; size is how much parameters that are not 0 cost in the fitness. More
    of them go through `options`, such as {"children": 16}. The same seed gives the same network.
    `fit` raises InputError for what cannot be used, or has no effect.

    After `fit`: classes_ (k,), n_features_in_, network_ (of evoarray.model), n_iter_ (the networks
    tried), curve_ (evaluations, samples that are right in the validation).
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (16,),
        *,
        algorithm: str = SampleSettings.algorithm,
        evaluations: int = SampleSettings.evaluations,
        activation: str = SampleSettings.activation,
        size: float = SampleSettings.size,
        validation: float = 0.25,
        seed: int = SampleSettings.seed,
        backend: str = SampleSettings.backend,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.hidden = hidden
        self.algorithm = algorithm
        self.evaluations = evaluations
        self.activation = activation
        self.size = size
        self.validation = validation
        self.seed = seed
        self.backend = backend
        self.options = options

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803  (scikit-learn's name)
        """Evolve a network for samples (n, features) and their labels (n,), and return this.

        Each feature is scaled to the whole numbers from -127 to 127 by its range in X.
        """
        numbers, targets = validate_data(self, X, y)
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}; a classifier needs two or more"
            )
        self._low, self._high = numbers.min(0), numbers.max(0)
        settings = self._settings()
        samples = self.quantise(numbers)
        training, chosen = (
            Part(samples[rows], labels[rows].astype(np.int64), rows) for rows in self._split(labels)
        )
        search = Search(algorithm_of(settings))
        with closing(open_backend(self.backend)) as backend:
            judges = Judges.of(
                settings, search.algorithm, Digits(training, chosen, chosen), backend
            )
            budget = settings.evaluations, settings.interval
            curve: list[tuple[int, int]] = []
            for _ in evolve(search, judges.seen, judges.validation, *budget):
                if search.champion and (not curve or curve[-1][1] < search.champion.right):
                    curve.append((search.evaluations, search.champion.right))
        self.network_: files.Network = search.chosen.network()
        self.n_iter_, self.curve_ = search.evaluations, curve
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        """Return the logits (n, k) of samples (n, features); of two classes their difference."""
        logits = self._logits(X)
        if len(self.classes_) == 2:
            return np.asarray(logits[:, 1] - logits[:, 0])
        return logits

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return how likely each class is (n, k), in proportion to 2^(logit / 2^11)."""
        logits = self._logits(X)
        powers = np.exp2((logits - logits.max(1, keepdims=True)) / 2.0 ** self._settings().scale)
        return np.asarray(powers / powers.sum(1, keepdims=True))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the class (n,) of samples (n, features): that of the largest logit."""
        logits = self._logits(X)
        return np.asarray(self.classes_[logits.argmax(1)])

    def quantise(self, X: ArrayLike) -> Int8:  # noqa: N803
        """Return samples (n, features) as the network takes them, (n, 1, 1, features) int8."""
        span = np.where(self._high > self._low, self._high - self._low, 1.0)
        places = (np.asarray(X, np.float64) - self._low) / span * 2 - 1
        whole = np.clip(np.rint(places * LARGEST), -LARGEST, LARGEST).astype(np.int8)
        return np.asarray(whole[:, np.newaxis, np.newaxis, :])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network: to .onnx as ONNX, to any other name as our JSON. Raises InputError."""
        check_is_fitted(self)
        Network(self.network_).save(path)

    def draw(self) -> Drawing:
        """Return the layers and weights of the network as SVG."""
        check_is_fitted(self)
        return Network(self.network_).draw()

    def _logits(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        check_is_fitted(self)
        samples = validate_data(self, X, reset=False)
        return forward(self.network_, self.quantise(samples)).astype(np.int64)

    def _settings(self) -> SampleSettings:
        if self.algorithm not in EVOLVED:
            refuse("algorithm", self.algorithm, f"one of {', '.join(EVOLVED)}")
        options = self.options or {}
        known = {each.name for each in fields(SampleSettings)} - NOT_OF_SAMPLES
        for name in options:
            if name not in known or name in self.get_params():
                refuse("options", name, "names of the command `evoarray neuro --help`, with _")
        settings = SampleSettings(
            algorithm=self.algorithm,
            layers="-".join(map(str, (self.n_features_in_, *self.hidden, len(self.classes_)))),
            evaluations=self.evaluations,
            activation=self.activation,
            size=self.size,
            seed=self.seed,
            backend=self.backend,
            **options,
        )
        refuse_idle([name.replace("_", "-") for name in options], settings)
        return settings

    def _split(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows to train on and those for validation, each with its share of classes."""
        if not 0 <= self.validation < 1:
            refuse("validation", self.validation, "a number from 0 up to, but not, 1")
        order = split_order(labels)
        kept = round(len(order) * self.validation)
        if kept < LEAST_KEPT or len(order) - kept < LEAST_KEPT:
            return order, order
        return np.sort(order[kept:]), np.sort(order[:kept])
