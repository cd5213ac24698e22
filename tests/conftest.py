import pytest
from hypothesis import HealthCheck, settings

from ganonymization.draw import Draw

# examples are drawn anew on every run; a busy machine must not turn a slow one into a failure
settings.register_profile("suite", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture
def flaws(monkeypatch):
    """How flawed each person is who is drawn over the only face there is, in the order in which they are drawn."""
    found, measure = list[float](), Draw.flaws

    def remember(self, sketch):
        found.append(measure(self, sketch))
        return found[-1]

    monkeypatch.setattr(Draw, "flaws", remember)
    return found
