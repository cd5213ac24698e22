import importlib.util
import sys
import types

import pytest

from ganonymization.training.board import open_board


class Writer:
    rows: list = []  # noqa: RUF012 - a fake that the test reads

    def __init__(self, folder):
        self.rows.append(folder)

    def add_scalar(self, name, value, samples):
        self.rows.append((name, value, samples))

    def flush(self):
        pass


@pytest.mark.parametrize("is_installed", [True, False])
def test_figures_go_to_tensorboard_where_it_is_installed(tmp_path, monkeypatch, is_installed):
    monkeypatch.setattr(Writer, "rows", [])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object() if is_installed else None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=Writer))
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torch.utils", types.SimpleNamespace())
    open_board(tmp_path)(800, {"l1": 0.25})
    expected = [str(tmp_path / "tensorboard"), ("l1", 0.25, 800)]
    assert Writer.rows == (expected if is_installed else [])
