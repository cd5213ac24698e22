from hypothesis import HealthCheck, settings

# examples are drawn anew on every run; a busy machine must not turn a slow one into a failure
settings.register_profile("suite", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
