# SPDX-License-Identifier: Apache-2.0
"""What evolved networks are compared with: scikit-learn's, which are trained by their gradient."""

from typing import Any, NamedTuple

from evoarray.evolution.neuro.data import Digits, Part
from evoarray.evolution.neuro.settings import NeuroSettings
from evoarray.model.errors import InputError
from evoarray.model.neuro.arithmetic import LARGEST, Int64

STRENGTHS = (0.01, 0.1, 1.0)
"""Of regularisation: the weight of the squares of all weights."""


class Trained(NamedTuple):
    """How many images of each part are right, and the parameters, of which none is 0."""

    right: tuple[int, int, int]
    parameters: int


def train(settings: NeuroSettings, digits: Digits) -> Trained:
    """Train logistic regression, or a network of these layers, as scikit-learn does by default.

    Of some strengths of regularisation that one stays that is best for validation, of equals the
    strongest. Weights are float64. Raises InputError without scikit-learn.
    """
    try:
        import sklearn  # noqa: F401
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise InputError(
            f"the algorithm {settings.algorithm} needs scikit-learn: pip install 'evoarray[neuro]'"
        ) from None
    found = []
    for strength in STRENGTHS:
        model = _model(settings, strength)
        with threadpool_limits(1):  # a run has one core
            model.fit(_inputs(digits.training), digits.training.labels)
        found.append((_right(model, digits.validation), strength, model))
    model = max(found, key=lambda each: each[:2])[2]
    coefficients = model.coefs_ if settings.algorithm == "mlp" else [model.coef_]
    intercepts = model.intercepts_ if settings.algorithm == "mlp" else [model.intercept_]
    right = tuple(_right(model, part) for part in (digits.training, digits.validation, digits.test))
    size = sum(array.size for array in (*coefficients, *intercepts))
    return Trained((right[0], right[1], right[2]), size)


def _model(settings: NeuroSettings, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if settings.algorithm == "logistic":
        return LogisticRegression(C=1 / strength, max_iter=5000)
    hidden, activation = settings.form.units[:-1], settings.activation
    name = {"linear": "identity", "sigmoid": "logistic"}.get(activation, activation)
    return MLPClassifier(
        hidden, activation=name, alpha=strength, max_iter=2000, random_state=settings.seed
    )


def _inputs(part: Part) -> Any:
    return part.images.reshape(len(part.images), -1) / LARGEST


def _right(model: Any, part: Part) -> int:
    labels: Int64 = model.predict(_inputs(part))
    return int((labels == part.labels).sum())
