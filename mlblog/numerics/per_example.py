"""How long the gradient of each example is, from one backward pass over a batch of them.

Dimensions: B examples, T places of one example that share a layer's weights, I inputs and O outputs of a layer. An
error is the derivative of an example's loss by the outputs of a layer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def squared_layer_norms(inputs: Tensor, errors: Tensor, *, bias: bool = True) -> Tensor:
    """Squared length of each example's gradient of one layer, which is an outer product.

        ‖∂L_i/∂W‖² + ‖∂L_i/∂b‖² = (‖x_i‖² + 1) ‖δ_i‖²

    Args:
        inputs: (..., I), x_i.
        errors: (..., O), δ_i = ∂L_i/∂(W x_i + b).
        bias: whether the layer has a bias b; without it, the 1 goes.

    Returns:
        (...), not negative.

    Example:
        >>> squared_layer_norms(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0]]), bias=False)
        tensor([100.])

    References:
        [goodfellow2015efficient].
    """
    return (inputs.square().sum(-1) + bias) * errors.square().sum(-1)


def squared_shared_norms(inputs: Tensor, errors: Tensor, *, bias: bool = True) -> Tensor:
    """The same where one example meets the weights T times, as a sequence or an image does: products of products.

        ‖Σ_t δ_t x_tᵀ‖² + ‖Σ_t δ_t‖² = Σ_{t,s} (x_t·x_s + 1) (δ_t·δ_s)

    It takes T² (I + O) multiplications, where the gradient itself takes T I O.

    Args:
        inputs: (..., T, I).
        errors: (..., T, O).
        bias: as for one place.

    Returns:
        (...), not negative.

    References:
        [li2022large], ghost clipping.
    """
    total: Tensor = ((inputs @ inputs.mT + bias) * (errors @ errors.mT)).sum((-1, -2))
    return total.clamp(min=0.0)  # a sum of zero may round below it


def per_example_grad_norms(
    net: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], x: Tensor, target: Tensor
) -> Tensor:
    """Length of the gradient of each example's loss by all weights of a net whose weights are in linear layers.

    One forward and one backward pass for the batch, and the latter ends at the outputs of layers: no gradient of a
    weight is made.

    Args:
        net: each example's output rests on its input alone. What comes to a layer is (B, I) or (B, T, I).
        loss: of outputs and targets, to the losses (B,) of the examples.
        x: (B, ...), inputs.
        target: (B, ...), what `loss` is given for each example.

    Returns:
        (B,), in units of the loss over units of the weights.

    Raises:
        ValueError: weights lie outside linear layers, a layer is called more than once or on other axes, or the
            loss is not (B,).

    References:
        [goodfellow2015efficient]; [alain2015variance].
    """
    layers = [module for module in net.modules() if isinstance(module, nn.Linear)]
    known = {id(weight) for layer in layers for weight in layer.parameters(recurse=False)}
    others = [name for name, weight in net.named_parameters() if id(weight) not in known]
    if others:
        raise ValueError(f"weights outside linear layers have gradients of other forms: {', '.join(others)}")
    met: list[tuple[nn.Linear, Tensor, Tensor]] = []

    def meet(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        assert isinstance(layer, nn.Linear)
        met.append((layer, given[0].detach(), made))

    hooks = [layer.register_forward_hook(meet) for layer in layers]
    try:
        with torch.enable_grad():
            losses = loss(net(x), target)
            whole = losses.sum()
    finally:
        for hook in hooks:
            hook.remove()
    if any(given.ndim not in (2, 3) for _, given, _ in met):
        raise ValueError("layers must be given (B, I) or (B, T, I)")
    if losses.shape != x.shape[:1]:
        raise ValueError(f"a loss for each of {len(x)} examples expected, given shape {tuple(losses.shape)}")
    if len({id(layer) for layer, _, _ in met}) != len(met):
        raise ValueError("a layer was called more than once: its gradients add up, and so do not their squares")
    errors = torch.autograd.grad(whole, [made for _, _, made in met])
    total = torch.zeros_like(losses, requires_grad=False)
    for (layer, given, _), error in zip(met, errors, strict=True):
        squared = squared_layer_norms if given.ndim == 2 else squared_shared_norms
        total = total + squared(given, error, bias=layer.bias is not None)
    return total.sqrt()
