import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.training.precision import working_dtype, working_precision  # noqa: E402 - torch may be missing

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "wanted"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx2": True, "avx512_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_a_processor_computes_in_half_precision_only_if_it_has_it(monkeypatch, able, wanted):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert working_dtype(CPU) is wanted
    with working_precision(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is wanted


def test_a_gpu_always_does():
    assert working_dtype(torch.device("cuda")) is torch.bfloat16
