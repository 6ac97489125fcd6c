"""A CUDA device without a card: tensors whose arithmetic is the CPU's and whose place is watched.

Inside `PretendedCuda`, what is put on "cuda" stays in the CPU's memory, but its storage is marked.
Marked tensors say that they are on cuda:0, pass the mark on to all that is computed of them, and,
as on a card, refuse to meet tensors of the CPU (numbers in tensors without dimensions apart).
Everything that would make the host wait for the card is counted.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
aten = torch.ops.aten
# What reads values on the host before it can go on.
_WAITING = {
    *(aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default),
    *(aten.masked_select.default, aten._unique2.default, aten.unique_dim.default),
    *(aten.unique_consecutive.default, aten.is_nonzero.default),
}
_INDEXING = {
    *(aten.index.Tensor, aten._unsafe_index.Tensor, aten.index_put.default),
    *(aten.index_put_.default, aten._index_put_impl_.default),
}
_COPYING = {aten.copy_.default, aten.copy.default}
# Made of the host's numbers: they must travel.
_OF_NUMBERS = ("tensor", "as_tensor", "new_tensor", "scalar_tensor", "asarray", "from_numpy")


class MixedDevicesError(AssertionError):
    """One operator was given tensors of both devices."""


class _Marks:
    """Which storages are on the pretended card. A weak reference keeps an address from being
    given to another storage for as long as the mark stands.
    """

    def __init__(self) -> None:
        self._marked: dict[int, StorageWeakRef] = {}
        self._limit = 1 << 14

    def has(self, tensor: torch.Tensor) -> bool:
        if tensor.device.type != "cpu" or tensor.layout != torch.strided:
            return False
        return tensor.untyped_storage()._cdata in self._marked

    def set(self, tensor: torch.Tensor, on_card: bool = True) -> None:
        if tensor.device.type != "cpu":
            return
        storage = tensor.untyped_storage()
        if not on_card:
            self._marked.pop(storage._cdata, None)
        elif storage._cdata not in self._marked:
            self._marked[storage._cdata] = StorageWeakRef(storage)
            if len(self._marked) > self._limit:
                gone = [key for key, ref in self._marked.items() if ref.expired()]
                for key in gone:
                    del self._marked[key]
                self._limit = max(self._limit, 2 * len(self._marked))


def _tensors(*values: Any) -> list[torch.Tensor]:
    return [v for v in tree_flatten(values)[0] if isinstance(v, torch.Tensor)]


class _Operators(TorchDispatchMode):
    """Watches every operator, those of backward passes too."""

    def __init__(self, marks: _Marks, counts: Counter) -> None:
        super().__init__()
        self.marks, self.counts = marks, counts
        self.inside: list[bool] = []  # whether the calls under way were given marked tensors

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunction():
            given = _tensors(args, kwargs)
            on_card = [self.marks.has(t) for t in given]
            if any(on_card):
                self._check(func, args, given, on_card)
            made = func(*args, **kwargs)
            if func in _COPYING or func._schema.name.endswith("set_"):
                return made
            # An operator without tensors, such as zeros, works for whoever called it.
            marked = any(on_card) or (not given and bool(self.inside) and self.inside[-1])
            if marked:
                for tensor in _tensors(made):
                    self.marks.set(tensor)
            return made

    def _check(self, func: Any, args: Any, given: list, on_card: list[bool]) -> None:
        if func in _WAITING:
            self.counts[f"sync {func.overloadpacket.__name__}"] += 1
        if func in _COPYING:
            if on_card[0] != on_card[1]:
                self.counts["upload copy_" if on_card[0] else "sync copy_"] += 1
            return
        if func in _INDEXING and on_card[0]:
            indices = [t for t in args[1] if t is not None]
            self.counts["upload index"] += sum(not self.marks.has(t) for t in indices)
            waits = any(t.dtype in (torch.bool, torch.uint8) for t in indices)
            self.counts["sync index"] += int(waits)
            given, on_card = (
                [args[0], *args[2:3]],
                [True, self.marks.has(args[2])] if len(args) > 2 else [True],
            )
        apart = [t for t, on in zip(given, on_card, strict=False) if not on and t.dim() > 0]
        if apart:
            shapes = [tuple(t.shape) for t in apart]
            raise MixedDevicesError(
                f"{func} was given tensors of both devices, of the CPU {shapes}"
            )


class PretendedCuda(TorchFunctionMode):
    """`counts`: "sync ..." and "upload ..." by what caused them."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter = Counter()
        self._marks = _Marks()
        self._operators = _Operators(self._marks, self.counts)

    def __enter__(self) -> "PretendedCuda":
        self._operators.__enter__()
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self._operators.__exit__(*raised)

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        """Only what happens inside."""
        before, own = Counter(self.counts), Counter()
        yield own
        own.update({k: n - before[k] for k, n in self.counts.items() if n > before[k]})

    def on_card(self, tensor: torch.Tensor) -> bool:
        with torch._C.DisableTorchFunction():
            return self._marks.has(tensor)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "__get__":
            return self._attribute(func, args)
        first = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if first is not None:
            if name in ("to", "cpu", "cuda", "type_as"):
                return self._moved(name, first, args[1:], kwargs)
            if name == "get_device":
                return 0 if self._marks.has(first) else -1
            if name in ("numpy", "__array__") and self._marks.has(first):
                raise TypeError("can't convert cuda:0 device type tensor to numpy")
            if name == "tolist" and self._marks.has(first):
                self.counts["sync tolist"] += 1
                with self._operators_off():
                    return func(*args, **kwargs)
            if name == "pin_memory":
                return first
        if name == "register_post_accumulate_grad_hook":
            return func(first, self._standing(args[1]))
        if kwargs.get("device") is not None:
            return self._made(func, name, args, kwargs)
        marked = any(self._marks.has(t) for t in _tensors(args, kwargs))
        self._operators.inside.append(marked)
        try:
            made = func(*args, **kwargs)
        finally:
            self._operators.inside.pop()
        if name == "__deepcopy__" and marked:
            self._marks.set(made)
        return made

    def _standing(self, hook: Any) -> Any:
        """The hook of a gradient with this mode around it: backward passes suspend modes."""

        def run(*given: Any) -> Any:
            TorchFunctionMode.__enter__(self)
            try:
                return hook(*given)
            finally:
                TorchFunctionMode.__exit__(self, None, None, None)

        return run

    @contextmanager
    def _operators_off(self) -> Iterator[None]:
        before = Counter(self.counts)
        yield
        self.counts.clear()
        self.counts.update(before)

    def _attribute(self, func: Any, args: Any) -> Any:
        what = getattr(func, "__self__", None)
        if args and isinstance(args[0], torch.Tensor) and self._marks.has(args[0]):
            if what is torch.Tensor.device:
                return CUDA
            if what is torch.Tensor.is_cuda:
                return True
            if what is torch.Tensor.is_cpu:
                return False
        return func(*args)

    def _moved(self, name: str, tensor: torch.Tensor, args: Any, kwargs: dict) -> torch.Tensor:
        """`to`, `cpu`, `cuda`: a copy on the other device, or the same tensor."""
        here = self._marks.has(tensor)
        dtype, there = None, here
        if name in ("cpu", "cuda"):
            there, kwargs, args = name == "cuda", {}, ()
        else:
            other = kwargs.pop("other", None) if kwargs else None
            if args and isinstance(args[0], torch.Tensor):
                other, args = args[0], args[1:]
            if other is not None:
                dtype, there = other.dtype, self._marks.has(other)
            elif args or kwargs:
                copy = kwargs.pop("copy", False)
                device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
                if device is not None and device.type == "meta":
                    return tensor.to(device)
                there = here if device is None else device.type == "cuda"
                wanted = {} if layout is None else {"memory_format": layout}
                if there == here:
                    return tensor.to(dtype=dtype or tensor.dtype, copy=copy, **wanted)
                kwargs = wanted
        if there == here and tensor.device.type == "cpu":
            return tensor if dtype is None else tensor.to(dtype)
        self.counts["upload to" if there else "sync to"] += 1
        moved = tensor.to(dtype or tensor.dtype, copy=True, **kwargs)
        self._marks.set(moved, there)
        return moved

    def _made(self, func: Any, name: str, args: Any, kwargs: dict) -> Any:
        """A factory's tensor, on the device that it was asked for."""
        device = torch.device(kwargs["device"])
        if device.type not in ("cuda", "cpu"):
            return func(*args, **kwargs)
        there = device.type == "cuda"
        generator = kwargs.get("generator")
        if there and generator is not None:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        given = _tensors(args)
        if name in ("as_tensor", "tensor", "asarray") and given:
            return given[0].to(device, kwargs.get("dtype"))
        if there and name in _OF_NUMBERS:
            self.counts[f"upload {name}"] += 1
        made = func(*args, **{**kwargs, "device": CPU})
        for tensor in _tensors(made):
            self._marks.set(tensor, there)
        return made
