"""What `library.py` times: pieces of the library beside the implementations that everybody uses.

To add a row, write a function that returns a `Row` and put it into `ROWS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One comparison: two ways to do the same, and what "the same" means.

    Attributes:
        piece: what is timed, with its sizes.
        reference: what it is compared with.
        ours: the library's way; called without arguments, everything prepared.
        theirs: the reference's way.
        agree: raises if the two results differ; called once with both, before anything is timed.
    """

    piece: str
    reference: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    agree: Callable[[Any, Any], None]


def kneighbors() -> Row:
    """Classify images: 64 coordinates, as many known as asked."""
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    from mlblog.classical.neighbors import KNeighbors

    X, y = load_digits(return_X_y=True)
    half = len(X) // 2
    known = KNeighbors(X[:half], y[:half])
    reference = KNeighborsClassifier(n_neighbors=5).fit(X[:half], y[:half])

    def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
        # Digits have whole coordinates: neighbours at the same distance may be taken in another order.
        assert (ours == theirs).mean() > 0.995, (ours != theirs).sum()

    return Row(
        f"`KNeighbors.classify`, digits, {half} known, {len(X) - half} asked, k = 5",
        "scikit-learn `KNeighborsClassifier`",
        lambda: known.classify(X[half:], k=5),
        lambda: reference.predict(X[half:]),
        agree,
    )


def kernel_svm() -> Row:
    """Fit a support vector machine until no pair of α violates optimality by more than 1e-3."""
    from functools import partial

    from sklearn.datasets import load_breast_cancer
    from sklearn.svm import SVC

    from mlblog.classical.kernels import rbf
    from mlblog.classical.svm import KernelSVM

    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)

    def agree(ours: KernelSVM, theirs: SVC) -> None:
        difference = np.abs(ours.decision(X) - theirs.decision_function(X)).max()
        assert difference < 0.01, difference

    return Row(
        f"`KernelSVM`, fitted, biopsies, {len(X)} points, 30 coordinates",
        "scikit-learn `SVC` (LIBSVM)",
        lambda: KernelSVM(X, y, kernel=partial(rbf, gamma=1 / 30)),
        lambda: SVC(gamma=1 / 30).fit(X, y),
        agree,
    )


def kernel_ridge() -> Row:
    """Solve for the dual coefficients."""
    from functools import partial

    from sklearn.kernel_ridge import KernelRidge as Reference

    from mlblog.classical.kernels import KernelRidge, rbf

    random = np.random.default_rng(0)
    X, y = random.normal(size=(600, 8)), random.normal(size=600)

    def agree(ours: KernelRidge, theirs: Reference) -> None:
        np.testing.assert_allclose(ours.dual, theirs.dual_coef_, atol=1e-9)

    return Row(
        f"`KernelRidge`, fitted, {len(X)} points",
        "scikit-learn `KernelRidge`",
        lambda: KernelRidge(X, y, kernel=partial(rbf, gamma=0.1), penalty=0.5),
        lambda: Reference(alpha=0.5, kernel="rbf", gamma=0.1).fit(X, y),
        agree,
    )


def decision_tree() -> Row:
    """Grow a tree until it fits every point."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.tree import DecisionTreeClassifier

    from mlblog.classical.tree import DecisionTree

    X, y = load_breast_cancer(return_X_y=True)

    def agree(ours: DecisionTree, theirs: DecisionTreeClassifier) -> None:
        # Of splits that are as good as each other the two take different ones, so that only the fit is the same.
        assert (ours.classify(X) == y).all()
        assert (theirs.predict(X) == y).all()
        assert abs(ours.leaves - theirs.get_n_leaves()) <= 4

    return Row(
        f"`DecisionTree`, fully grown, biopsies, {len(X)} points, 30 coordinates",
        "scikit-learn `DecisionTreeClassifier`",
        lambda: DecisionTree(X, y),
        lambda: DecisionTreeClassifier(random_state=0).fit(X, y),
        agree,
    )


def relaxed_draw() -> Row:
    """Draw from the Gumbel-Softmax, from the same state of the generator on both sides."""
    import torch
    import torch.nn.functional as F

    from mlblog.losses.discrete import gumbel_like, gumbel_softmax

    logits = torch.randn(256, 20, 10)

    def ours() -> torch.Tensor:
        torch.manual_seed(0)
        return gumbel_softmax(logits, gumbel_like(logits), temperature=0.5)

    def theirs() -> torch.Tensor:
        torch.manual_seed(0)
        return F.gumbel_softmax(logits, tau=0.5)

    def agree(ours: torch.Tensor, theirs: torch.Tensor) -> None:
        torch.testing.assert_close(ours, theirs)

    return Row(
        "`gumbel_softmax`, 256 draws of 20 variables of 10 categories", "`F.gumbel_softmax`", ours, theirs, agree
    )


def ctc() -> Row:
    """Connectionist temporal classification: 32 sequences of 150 frames, value and gradient."""
    import torch
    import torch.nn.functional as F

    from mlblog.losses.ctc import ctc_loss

    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(150, 32, 40, generator=generator).requires_grad_()
    labels = torch.randint(1, 40, (32, 25), generator=generator)
    frames, lengths = torch.full((32,), 150), torch.full((32,), 25)

    def slope(loss: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(loss.sum(), scores)[0]

    def agree(ours: torch.Tensor, theirs: torch.Tensor) -> None:
        # In float32, alpha, beta and the likelihood are hundreds of nats, whose difference is taken: 1e-4 each.
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)

    return Row(
        "`ctc_loss`, 32 sequences, 150 frames, 40 symbols, labels of 25, with gradient",
        "`F.ctc_loss`",
        lambda: slope(ctc_loss(scores.log_softmax(-1), labels, frames, lengths)),
        lambda: slope(F.ctc_loss(scores.log_softmax(-1), labels, frames, lengths, reduction="none")),
        agree,
    )


def mixture() -> Row:
    """Twenty steps of EM from the same start, not stopped earlier."""
    import warnings

    from sklearn.mixture import GaussianMixture as Reference

    from mlblog.classical.mixture import GaussianMixture, fit_mixture

    random = np.random.default_rng(0)
    means = 3 * random.normal(size=(5, 8))
    x = means[random.integers(5, size=2_000)] + random.normal(size=(2_000, 8))
    start = GaussianMixture(np.full(5, 0.2), means + random.normal(size=means.shape), np.stack([np.eye(8)] * 5))
    settings: dict[str, Any] = {"weights_init": start.weights, "means_init": start.means, "init_params": "random"}
    reference = Reference(
        5, **settings, precisions_init=start.covariances, max_iter=20, tol=0
    )  # identities: own inverse

    def theirs() -> Reference:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            return reference.fit(x)

    def agree(ours: tuple[GaussianMixture, list[float]], theirs: Reference) -> None:
        np.testing.assert_allclose(ours[0].means, theirs.means_, rtol=1e-8)
        np.testing.assert_allclose(ours[0].covariances, theirs.covariances_, rtol=1e-7, atol=1e-9)

    return Row(
        "`fit_mixture`, 20 steps, 2,000 points, 8 coordinates, 5 components",
        "scikit-learn `GaussianMixture`",
        lambda: fit_mixture(x, start, steps=20, tolerance=-1.0),
        theirs,
        agree,
    )


def _flow() -> Any:
    """A small network that says how fast 64 points of the plane move, and where they start."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2)).double()
    return net, torch.randn(64, 2, dtype=torch.float64)


def differential_equation() -> Row:
    """Dormand and Prince's method at the same tolerances, without gradients."""
    import torch
    import torchdiffeq

    from mlblog.numerics.odeint import DormandPrince, odeint

    net, start = _flow()
    times = torch.tensor([0.0, 3.0])

    def ours() -> torch.Tensor:
        with torch.no_grad():
            return odeint(lambda t, z: net(z), start, [0.0, 3.0], DormandPrince(1e-6, 1e-8))

    def theirs() -> torch.Tensor:
        with torch.no_grad():
            return torchdiffeq.odeint(lambda t, z: net(z), start, times, rtol=1e-6, atol=1e-8, method="dopri5")

    def agree(ours: torch.Tensor, theirs: torch.Tensor) -> None:
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)

    return Row("`odeint`, a network of 162 parameters, 64 points", "torchdiffeq `odeint`", ours, theirs, agree)


def adjoint() -> Row:
    """Solution and gradients of all parameters, both by the adjoint."""
    import torch
    import torchdiffeq

    from mlblog.numerics.adjoint import odeint_adjoint
    from mlblog.numerics.odeint import DormandPrince

    net, start = _flow()
    times, parameters = torch.tensor([0.0, 3.0]), tuple(net.parameters())

    def ours() -> tuple[torch.Tensor, ...]:
        end = odeint_adjoint(lambda t, z: net(z), start, [0.0, 3.0], parameters, DormandPrince(1e-6, 1e-8))[-1]
        return torch.autograd.grad(end.square().mean(), parameters)

    def theirs() -> tuple[torch.Tensor, ...]:
        end = torchdiffeq.odeint_adjoint(
            lambda t, z: net(z), start, times, rtol=1e-6, atol=1e-8, method="dopri5", adjoint_params=parameters
        )[-1]
        return torch.autograd.grad(end.square().mean(), parameters)

    def agree(ours: tuple[torch.Tensor, ...], theirs: tuple[torch.Tensor, ...]) -> None:
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)

    return Row("`odeint_adjoint`, the same, with gradients", "torchdiffeq `odeint_adjoint`", ours, theirs, agree)


ROWS: list[Callable[[], Row]] = [
    kneighbors,
    kernel_svm,
    kernel_ridge,
    decision_tree,
    relaxed_draw,
    ctc,
    mixture,
    differential_equation,
    adjoint,
]
