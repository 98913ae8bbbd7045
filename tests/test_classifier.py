# SPDX-License-Identifier: Apache-2.0
"""The networks as an estimator of scikit-learn."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from evoarray import Classifier, InputError
from evoarray.model.neuro.network import load_network


@parametrize_with_checks([Classifier(evaluations=3000, size=0.0)])  # type: ignore[untyped-decorator]
def test_it_is_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_learns(tmp_path: Path) -> None:
    samples, labels = load_digits(return_X_y=True)
    seen, unseen, known, asked = train_test_split(samples, labels, random_state=0)
    found = Classifier(evaluations=20_000).fit(seen, known)
    assert found.score(unseen, asked) > 0.92
    assert found.n_iter_ >= 20_000
    assert [right for _, right in found.curve_] == sorted(right for _, right in found.curve_)
    assert found.network_.nonzero < found.network_.parameters // 2, "zeroes cost nothing"
    likely = found.predict_proba(unseen)
    assert np.allclose(likely.sum(1), 1)
    assert (likely.argmax(1) == found.predict(unseen)).all()
    again = Classifier(evaluations=20_000, backend="model").fit(seen[:300], known[:300])
    fast = Classifier(evaluations=20_000).fit(seen[:300], known[:300])
    assert again.network_ == fast.network_

    found.save(tmp_path / "digits.json")
    assert load_network(tmp_path / "digits.json") == found.network_
    found.save(tmp_path / "digits.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "digits.onnx")
    (given,) = session.get_inputs()
    (logits,) = session.run(None, {given.name: found.quantise(unseen)})
    assert (logits == found.decision_function(unseen)).all()
    assert "<svg" in found.draw()._repr_svg_()


def test_it_goes_with_the_rest_of_scikit_learn() -> None:
    samples, labels = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[labels]
    model = make_pipeline(StandardScaler(), Classifier(evaluations=3000))
    search = GridSearchCV(model, {"classifier__hidden": [(), (8,)]}, cv=3)
    search.fit(samples, names)
    assert search.best_score_ > 0.85
    assert set(search.predict(samples)) <= set(names)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"algorithm": "newt"}, "algorithm is 'newt'; it must be one of one-plus-lambda, ga, ep"),
        ({"options": {"layers": "64-10"}}, "options is 'layers'; it must be names of the command"),
        ({"options": {"copies": 2}}, "options is 'copies'; it must be names of the command"),
        ({"options": {"elite": 5}}, "elite has no effect with algorithm one-plus-lambda"),
        ({"options": {"children": 0}}, "children is 0; it must be a whole number from 1"),
        ({"validation": 1.0}, "validation is 1.0; it must be a number from 0"),
        ({"evaluations": 0}, "evaluations is 0"),
        ({"hidden": (0,)}, "layers is '4-0-3'; it must be numbers"),
    ],
)
def test_what_it_refuses(options: dict[str, Any], says: str) -> None:
    samples, labels = load_iris(return_X_y=True)
    with pytest.raises(InputError) as error:
        Classifier(**options).fit(samples, labels)
    assert str(error.value).startswith(says)
